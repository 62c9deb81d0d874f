//! The outcome of a run.

use domain::Timestamp;
use serde::Serialize;

use super::state::{Finished, Tally};
use crate::{
    pokeapi::FetchError,
    publish::{PublishError, Published},
    store::StoreError,
};

/// The progress of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Resources in the whole run.
    pub total: usize,
    /// Resources that were processed, including those of earlier invocations.
    pub done: usize,
    pub tally: Tally,
}

/// The outcome of a run.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Every resource was processed, and the catalogue is published.
    Finished { finished: Box<Finished>, published: Published },
    /// The next run continues from here.
    Paused { progress: Progress, because: Pause },
    /// The approved publication is not the held one: nothing was done.
    Superseded,
}

/// The reasons why a run paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Pause {
    /// The deadline passed, or the caller interrupted the run.
    Stopped,
    /// The source allows no requests before this moment (its `Retry-After`).
    #[serde(rename = "asked")]
    RetryAfter { until: Timestamp },
    /// Many resources failed in a row, so the source seems to be down.
    SourceDown,
}

#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("another sync is running; its lease lasts until {0} at most")]
    Busy(Timestamp),
    #[error("another sync has taken over")]
    LostLease,
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Publish(PublishError),
    #[error("PokeAPI's list of {0} {1}")]
    List(&'static str, FetchError),
    #[error("the state cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<StoreError> for SyncError {
    fn from(error: StoreError) -> Self {
        // The lease's conditions are the only ones that can fail here.
        if matches!(error, StoreError::Conflict { .. }) { Self::LostLease } else { Self::Store(error) }
    }
}

impl From<PublishError> for SyncError {
    fn from(error: PublishError) -> Self {
        if let PublishError::Store(error) = error { error.into() } else { Self::Publish(error) }
    }
}
