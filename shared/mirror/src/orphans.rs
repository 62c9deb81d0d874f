//! The files that no asset has any more.

use std::collections::{BTreeMap, BTreeSet};

use adapters::store::{CatalogStore, Lease, Meter};
use domain::{Timestamp, assets::Manifest};
use serde::Serialize;

use crate::{
    bucket::Bucket,
    run::{MirrorError, take_lease},
    state::MirrorState,
    work::is_over,
};

/// The end of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Collected {
    /// The numbers of files in the bucket before the collection, of the files that no asset has and that stay, and of deleted files.
    Done { files: usize, orphans: usize, deleted: usize },
    /// Nothing was deleted, because the published catalogue may name files that the manifest does not: the manifest has changed since the
    /// publication, a part of it cannot be read, or the last run of the mirror was not complete.
    Waiting,
}

/// Deletes the files that no asset has had for thirty days, at most as many as there are files with an asset. Holds the lease of the mirror
/// meanwhile, so that the manifest does not change, and deletes nothing unless the published catalogue was made from this manifest.
///
/// # Errors
/// [`MirrorError`]; files that were deleted before it are gone, and the next collection continues.
pub async fn collect(
    store: &CatalogStore,
    meter: &Meter,
    bucket: &Bucket,
    owner: &str,
    now: Timestamp,
) -> Result<Collected, MirrorError> {
    let store = &store.patient();
    let lease = take_lease(store, meter, owner.to_owned(), now).await?;
    let ended = delete(store, meter, bucket, &lease, now).await;
    // Best effort: a lease that is not released expires.
    let _ = store.end_lease(meter, &lease).await;
    ended
}

async fn delete(
    store: &CatalogStore,
    meter: &Meter,
    bucket: &Bucket,
    lease: &Lease,
    now: Timestamp,
) -> Result<Collected, MirrorError> {
    let ledger = store.assets(meter).await?;
    let pictures = store.pictures_now(meter).await?;
    let published = store.index_pointer(meter).await?;
    let is_published = published.is_some_and(|pointer| !pointer.is_partial && pointer.pictures == pictures);
    let state = MirrorState::read(&store.mirror_state(meter).await?.body);
    let is_complete = state.last.is_some_and(|last| last.is_complete);
    if ledger.has_gaps() || !is_published || !is_complete {
        return Ok(Collected::Waiting);
    }
    let files = bucket.keys().await?;
    let before = bucket.orphans().await?;
    let (old, orphans) = sort(&files, ledger.manifest(), &before, now);
    let named = files.len() - orphans.len() - old.len();
    if old.len() > named {
        return Err(MirrorError::TooMany { old: old.len(), named });
    }
    // The lists may have taken long. A lease that was lost in the meantime ends the collection here.
    store.renew_lease(meter, lease, adapters::now()).await?;
    bucket.delete(&old).await?;
    if orphans != before {
        bucket.put_orphans(&orphans).await?;
    }
    Ok(Collected::Done { files: files.len(), orphans: orphans.len(), deleted: old.len() })
}

/// Returns the files to delete, and the orphans that stay with the time since which each has been one.
fn sort(
    files: &BTreeMap<String, Timestamp>,
    manifest: &Manifest,
    before: &BTreeMap<String, Timestamp>,
    now: Timestamp,
) -> (Vec<String>, BTreeMap<String, Timestamp>) {
    let named: BTreeSet<String> =
        manifest.iter().flat_map(|(id, asset)| asset.files.iter().map(|file| file.key(id))).collect();
    let orphans = files.iter().filter(|(key, _)| !named.contains(*key)).map(|(key, stored)| {
        // A time in this clock's future is not used. A file that was stored again was named again in the meantime.
        let known = before.get(key).copied().filter(|since| now.elapsed_since(*since).is_some());
        (key.clone(), known.unwrap_or(now).max(*stored))
    });
    let (old, young): (Vec<_>, Vec<_>) = orphans.partition(|(_, since)| is_over(*since, now));
    (old.into_iter().map(|(key, _)| key).collect(), young.into_iter().collect())
}
