//! The lease that every writer holds, and the state that it writes.

use super::{
    outcome::SyncError,
    state::{RunError, State, shortened},
};
use crate::{
    now,
    store::{CatalogStore, Lease, Ledger, Meter, StoreError},
};

/// The length of a lease that its holder renews every few transactions, in seconds: the next writer waits for it to
/// expire.
pub(super) const SHORT_LEASE: i64 = 30;

/// Reads the state of the last and the running sync.
///
/// # Errors
/// [`StoreError`] when the engine does not answer.
pub async fn state(store: &CatalogStore, meter: &Meter) -> Result<State, StoreError> {
    Ok(State::read(&store.sync_state(meter).await?.body))
}

/// Runs `work` as the only writer.
pub(super) async fn under_lease<T>(
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
pub(super) async fn whole(store: &CatalogStore, meter: &Meter) -> Result<Option<Ledger>, StoreError> {
    let is_whole = state(store, meter).await?.last.is_some() || store.seeded(meter).await?.is_some();
    if !is_whole {
        return Ok(None);
    }
    let ledger = store.facts(meter).await?;
    // A catalogue published without the lost facts would lose records: the next run fetches these facts again.
    Ok(Some(ledger).filter(|ledger| ledger.unreadable().is_empty()))
}

/// Records the error that ended a publication without a run, for administrators.
pub(super) async fn put_error(
    store: &CatalogStore,
    meter: &Meter,
    lease: &Lease,
    error: &SyncError,
) -> Result<(), SyncError> {
    let error = Some(RunError { at: now(), reason: shortened(error) });
    put_state(store, meter, lease, &State { error, ..state(store, meter).await? }).await
}

/// Writes `state` and renews the lease.
pub(super) async fn put_state(
    store: &CatalogStore,
    meter: &Meter,
    lease: &Lease,
    state: &State,
) -> Result<(), SyncError> {
    let json = serde_json::to_string(state)?;
    Ok(store.put_state(meter, lease, &json, now()).await?)
}
