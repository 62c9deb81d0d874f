//! PokeAPI to catalogue. The scheduled function and `cargo run -- --sync` run this same code.
//!
//! A run reads the lists, then every resource in the order of [`Kind::ALL`], asking with the ETags that it knows.
//! Every few seconds the changed facts are written, then the cursor: a run that is stopped anywhere, or that is
//! longer than one invocation, goes on from there. At its end the catalogue is published from all facts.
//!
//! Whoever writes holds the lease, here as in [`load`] and [`republish`].
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
    store::{LONGEST_LEASE, Lease, Ledger, Meter, Store, StoreError},
};
use run::Run;

/// Seconds that a lease lasts without a checkpoint.
const LEASE: i64 = LONGEST_LEASE;
/// Of who renews it every few transactions: whoever starts next waits for it.
const SHORT_LEASE: i64 = 30;

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Resources of the whole run.
    pub total: usize,
    /// Of those, dealt with, by earlier invocations too.
    pub done: usize,
    pub tally: Tally,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Every resource was dealt with, and the catalogue is published.
    Finished { finished: Finished, published: Published },
    /// The next run goes on from here.
    Paused { progress: Progress, because: Pause },
}

/// Why a run ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Pause {
    /// The deadline came, or somebody wanted it to stop.
    Stopped,
    /// The source asked not to be asked before this.
    Asked { until: Timestamp },
    /// So many resources failed one after the other that the source seems to be down.
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
        // Only the lease's conditions can conflict here.
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
pub async fn state(store: &Store, meter: &Meter) -> Result<State, StoreError> {
    Ok(State::read(&store.sync_state(meter).await?.body))
}

/// Runs a sync, or goes on with one that was stopped.
///
/// # Errors
/// [`SyncError`]; what was checkpointed stays. A resource that fails is no error: it is in the outcome.
pub async fn run(
    store: &Store,
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

/// Does `work` as the only writer.
async fn under_lease<T>(
    store: &Store,
    meter: &Meter,
    owner: &str,
    seconds: i64,
    work: impl AsyncFnOnce(&Store, &Lease) -> Result<T, SyncError>,
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
    // Best effort: a lease that is not given back expires.
    let _ = store.end_lease(meter, &lease).await;
    done
}

/// The stored facts; none that no run and no load has brought whole, or of which some are lost: they are no catalogue.
async fn whole(store: &Store, meter: &Meter) -> Result<Option<Ledger>, StoreError> {
    let is_whole = state(store, meter).await?.last.is_some() || store.seeded(meter).await?.is_some();
    if !is_whole {
        return Ok(None);
    }
    let ledger = store.facts(meter).await?;
    // Without what is lost the catalogue would lose what it has: the next run fetches it.
    Ok(Some(ledger).filter(|ledger| ledger.unreadable().is_empty()))
}

/// Writes `state` and renews the lease.
async fn put_state(store: &Store, meter: &Meter, lease: &Lease, state: &State) -> Result<(), SyncError> {
    let json = serde_json::to_string(state)?;
    Ok(store.put_sync_state(meter, lease, &json, now()).await?)
}
