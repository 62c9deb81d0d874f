//! Publishing what was not fetched: a snapshot, or the stored facts in a shape of their own time.

use domain::{Timestamp, catalog::SHAPE, facts::Facts};

use super::{SyncError, put_state, state, under_lease};
use crate::{
    publish::{Published, Stale, publish},
    store::{Meter, Store},
};

/// Facts taken at a time, under a name that says which.
#[derive(Debug)]
pub struct Loaded<'a> {
    pub name: &'a str,
    pub taken_at: Timestamp,
    pub facts: &'a Facts,
}

/// Makes a snapshot the catalogue. Where a sync has brought something newer, only what that has not brought yet is taken
/// from the snapshot. A load that was killed anywhere is completed by the next: what is there already is not written
/// again, and the mark that it is whole is written last.
///
/// # Errors
/// [`SyncError`]; what was written stays.
pub async fn load(
    store: &Store,
    meter: &Meter,
    owner: &str,
    snapshot: &Loaded<'_>,
) -> Result<Published, SyncError> {
    under_lease(store, meter, owner, async |store, lease| {
        let mut state = state(store, meter).await?;
        let mut ledger = store.facts(meter).await?;
        let begun = state.running.as_ref().map(|running| running.started_at);
        let ended = state.last.as_ref().map(|last| last.finished_at);
        let stale = if begun.max(ended).is_some_and(|synced| synced >= snapshot.taken_at) {
            ledger.complete(snapshot.facts);
            Stale::Keep
        } else {
            ledger.replace(snapshot.facts);
            Stale::Remove
        };
        store.put_facts(meter, lease, &mut ledger).await?;
        if stale == Stale::Remove && state.running.take().is_some() {
            // What that run had before its cursor is no longer what is stored.
            put_state(store, meter, lease, &state).await?;
        }
        let published = publish(store, meter, lease, &ledger.facts, stale, snapshot.taken_at).await?;
        store.mark_seeded(meter, snapshot.name).await?;
        Ok(published)
    })
    .await
}

/// Publishes the stored facts anew where they were published in another shape than this program's, or for readers of
/// another format: after a deployment. Answers what was done, if anything had to be.
///
/// # Errors
/// [`SyncError`]; what was written stays.
pub async fn republish(
    store: &Store,
    meter: &Meter,
    owner: &str,
    now: Timestamp,
) -> Result<Option<Published>, SyncError> {
    if store.index_pointer(meter).await?.is_some_and(|pointer| pointer.shape == SHAPE) {
        return Ok(None);
    }
    under_lease(store, meter, owner, async |store, lease| {
        let ledger = store.facts(meter).await?;
        if ledger.facts.total() == 0 {
            return Ok(None);
        }
        let stale = if ledger.unreadable().is_empty() { Stale::Remove } else { Stale::Keep };
        Ok(Some(publish(store, meter, lease, &ledger.facts, stale, now).await?))
    })
    .await
}
