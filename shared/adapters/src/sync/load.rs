//! Publishing what was not fetched: a snapshot, or the stored facts in a shape of their own time.

use domain::{Timestamp, catalog::SHAPE, facts::Facts};

use super::{SHORT_LEASE, SyncError, put_state, state, under_lease, whole};
use crate::{
    publish::{Published, publish},
    store::{Meter, Store, StoreError},
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
    under_lease(store, meter, owner, SHORT_LEASE, async |store, lease| {
        let mut state = state(store, meter).await?;
        let mut ledger = store.facts(meter).await?;
        let begun = state.running.as_ref().map(|running| running.started_at);
        let ended = state.last.as_ref().map(|last| last.finished_at);
        let is_older = begun.max(ended).is_some_and(|synced| synced >= snapshot.taken_at);
        if is_older {
            ledger.complete(snapshot.facts);
        } else {
            ledger.replace(snapshot.facts);
        }
        store.put_facts(meter, lease, &mut ledger).await?;
        store.forget_unreadable(meter, lease, &ledger).await?;
        if !is_older && state.running.take().is_some() {
            // What that run had before its cursor is no longer what is stored.
            put_state(store, meter, lease, &state).await?;
        }
        let published = publish(store, meter, lease, &ledger.facts, snapshot.taken_at).await?;
        store.mark_seeded(meter, snapshot.name).await?;
        Ok(published)
    })
    .await
}

/// Publishes the stored facts anew where they were published in another shape than this program's, or for readers of
/// another format, where administrators have changed something since, or where the index is gone: after a deployment, or after an
/// accident. Answers what was done, if anything had to be, and could: facts that no run and no load has brought whole are no
/// catalogue yet.
///
/// # Errors
/// [`SyncError`]; what was written stays.
pub async fn republish(
    store: &Store,
    meter: &Meter,
    owner: &str,
    now: Timestamp,
) -> Result<Option<Published>, SyncError> {
    if is_as_it_should_be(store, meter).await? {
        return Ok(None);
    }
    under_lease(store, meter, owner, SHORT_LEASE, async |store, lease| {
        let Some(ledger) = whole(store, meter).await? else { return Ok(None) };
        Ok(Some(publish(store, meter, lease, &ledger.facts, now).await?))
    })
    .await
}

/// Whether the index that counts is of this program's shape and format, holds what was changed by hand, and is there.
async fn is_as_it_should_be(store: &Store, meter: &Meter) -> Result<bool, StoreError> {
    let pointer = match store.index_pointer(meter).await {
        Ok(Some(pointer)) if pointer.shape == SHAPE => pointer,
        Ok(_) | Err(StoreError::Malformed { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    if pointer.overrides != store.overrides_revision(meter).await? {
        return Ok(false);
    }
    match store.index(meter, &pointer.version, fastrand::u8(..)).await {
        Ok(_) => Ok(true),
        Err(StoreError::Malformed { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
