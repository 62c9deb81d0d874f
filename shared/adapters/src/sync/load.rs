//! Publication of facts that were not just fetched: a snapshot, or stored facts that were published in an older shape.

use std::collections::BTreeSet;

use domain::{Timestamp, catalog::SHAPE, facts::Facts};

use super::{
    lease::{SHORT_LEASE, put_error, put_state, state, under_lease, whole},
    outcome::SyncError,
};
use crate::{
    publish::{Published, publish},
    store::{CatalogStore, Meter, StoreError},
};

/// Facts taken at one time, under a name that identifies them.
#[derive(Debug)]
pub struct Loaded<'a> {
    pub name: &'a str,
    pub taken_at: Timestamp,
    pub facts: &'a Facts,
}

/// Makes a snapshot the catalogue. If a sync has brought newer facts, only the facts that are still missing are taken from the snapshot.
/// The next load completes one that was killed at any point: items that already exist are not written again, and the mark for a complete
/// load is written last.
///
/// # Errors
/// [`SyncError`]; items that were already written stay.
pub async fn load(
    store: &CatalogStore,
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
            // The facts that this run stored before its cursor have been replaced.
            put_state(store, meter, lease, &state).await?;
        }
        let published =
            publish(store, meter, lease, &ledger.facts, snapshot.taken_at, &BTreeSet::new()).await?;
        store.mark_seeded(meter, snapshot.name).await?;
        Ok(published)
    })
    .await
}

/// Publishes the stored facts again if the published catalogue has another shape than this program's or a format for other readers, if
/// administrators have made changes or the pictures have changed since, or if the index is missing. This happens after a deployment,
/// after a run of the mirror, or after data was lost. Returns the result if a publication was necessary and possible. Facts that no run
/// and no load has completed are not a catalogue yet.
///
/// # Errors
/// [`SyncError`]; items that were already written stay.
pub async fn republish(
    store: &CatalogStore,
    meter: &Meter,
    owner: &str,
    now: Timestamp,
) -> Result<Option<Published>, SyncError> {
    if is_as_it_should_be(store, meter).await? {
        return Ok(None);
    }
    under_lease(store, meter, owner, SHORT_LEASE, async |store, lease| {
        let Some(ledger) = whole(store, meter).await? else { return Ok(None) };
        let published = publish(store, meter, lease, &ledger.facts, now, &BTreeSet::new()).await;
        let published = published.map_err(SyncError::from);
        if let Err(error @ SyncError::Publish(_)) = &published {
            put_error(store, meter, lease, error).await?;
        }
        published.map(Some)
    })
    .await
}

/// Whether the current index has this program's shape and format, includes the latest manual changes and pictures, and exists, and no other
/// publication was cut off since.
async fn is_as_it_should_be(store: &CatalogStore, meter: &Meter) -> Result<bool, StoreError> {
    let pointer = match store.index_pointer(meter).await {
        Ok(Some(pointer)) if pointer.shape == SHAPE && !pointer.is_partial => pointer,
        Ok(_) | Err(StoreError::Malformed { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    if pointer.overrides != store.overrides_revision(meter).await? {
        return Ok(false);
    }
    if pointer.pictures != store.pictures_now(meter).await? {
        return Ok(false);
    }
    match store.index(meter, &pointer.version, fastrand::u8(..)).await {
        Ok(_) => Ok(true),
        Err(StoreError::Malformed { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
