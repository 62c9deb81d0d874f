//! The sync from PokeAPI to the catalogue. The scheduled function and `cargo run -- --sync` run this same code.
//!
//! A run reads the lists, then every resource in the order of [`Kind::ALL`], with the ETags that it knows. Every few
//! seconds it writes the changed facts, then the cursor. A run that is stopped at any point, or that takes longer than
//! one invocation, continues from there. At its end it publishes the catalogue from all facts.
//!
//! Every writer holds the lease, here as in [`load`] and [`republish`].
//!
//! [`Kind::ALL`]: domain::facts::Kind::ALL

mod load;
mod order;
mod run;
mod settings;
mod state;
mod work;

use domain::Timestamp;
use serde::Serialize;

pub use load::{Loaded, load, republish};
pub use order::{Amended, Order, Source, amend};
pub use settings::Settings;
pub use state::{Failure, Finished, State, Tally, Wait};

use crate::{
    now,
    pokeapi::{FetchError, PokeApi},
    publish::{PublishError, Published},
    store::{CatalogStore, LONGEST_LEASE, Lease, Ledger, Meter, StoreError},
};
use run::Run;

/// The length of a lease, in seconds, which each checkpoint renews.
const LEASE: i64 = LONGEST_LEASE;
/// The length of a lease that its holder renews every few transactions, in seconds: the next writer waits for it to
/// expire.
const SHORT_LEASE: i64 = 30;

/// The progress of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Resources in the whole run.
    pub total: usize,
    /// Resources that were processed, including those of earlier invocations.
    pub done: usize,
    pub tally: Tally,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Every resource was processed, and the catalogue is published.
    Finished { finished: Finished, published: Published },
    /// The next run continues from here.
    Paused { progress: Progress, because: Pause },
}

/// The reasons why a run paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Pause {
    /// The deadline passed, or the caller interrupted the run.
    Stopped,
    /// The source asked for no requests before this moment.
    Asked { until: Timestamp },
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

/// Reads the state of the last and the running sync.
///
/// # Errors
/// [`StoreError`] when the engine does not answer.
pub async fn state(store: &CatalogStore, meter: &Meter) -> Result<State, StoreError> {
    Ok(State::read(&store.sync_state(meter).await?.body))
}

/// Runs a sync, or continues one that was stopped.
///
/// # Errors
/// [`SyncError`]; checkpoints that were written stay. A resource that fails is not an error: the outcome lists it.
pub async fn run(
    store: &CatalogStore,
    meter: &Meter,
    api: &PokeApi,
    settings: &Settings,
    observe: &mut (dyn FnMut(Progress) + Send),
) -> Result<Outcome, SyncError> {
    under_lease(store, meter, &settings.owner, LEASE, async |store, lease| {
        Run::new(store, meter, api, settings, lease).await?.go(observe).await
    })
    .await
}

/// Runs `work` as the only writer.
async fn under_lease<T>(
    store: &CatalogStore,
    meter: &Meter,
    owner: &str,
    seconds: i64,
    work: impl AsyncFnOnce(&CatalogStore, &Lease) -> Result<T, SyncError>,
) -> Result<T, SyncError> {
    let store = &store.patient();
    let lease = match store.take_lease(meter, owner.to_owned(), seconds, now()).await {
        Err(StoreError::Conflict { .. }) => {
            let until = store.sync_state(meter).await?.lease_until;
            return Err(SyncError::Busy(until.unwrap_or_else(now)));
        }
        other => other?,
    };
    let done = work(store, &lease).await;
    // Best effort: a lease that is not released expires.
    let _ = store.end_lease(meter, &lease).await;
    done
}

/// Returns the stored facts; `None` if no run and no load has completed them or if some are lost, because they are not
/// a catalogue.
async fn whole(store: &CatalogStore, meter: &Meter) -> Result<Option<Ledger>, StoreError> {
    let is_whole = state(store, meter).await?.last.is_some() || store.seeded(meter).await?.is_some();
    if !is_whole {
        return Ok(None);
    }
    let ledger = store.facts(meter).await?;
    // A catalogue published without the lost facts would lose records: the next run fetches these facts again.
    Ok(Some(ledger).filter(|ledger| ledger.unreadable().is_empty()))
}

/// Writes `state` and renews the lease.
async fn put_state(
    store: &CatalogStore,
    meter: &Meter,
    lease: &Lease,
    state: &State,
) -> Result<(), SyncError> {
    let json = serde_json::to_string(state)?;
    Ok(store.put_sync_state(meter, lease, &json, now()).await?)
}
