//! The index of a publication, and the pointer to it.

use std::collections::BTreeSet;

use domain::dex::DexIndex;

use super::{diff::Diff, outcome::PublishError};
use crate::{
    now as clock,
    store::{CatalogStore, INDEX_COPIES, Key, Lease, Meter, Pointer, StoreError},
};

/// Marks the pointer before the first write of a publication with another shape or other pictures. If it is cut off, and the program or
/// the setting then returns to the former one, the mark shows that records have to be published again.
pub(super) async fn mark_partial(
    store: &CatalogStore,
    meter: &Meter,
    pointer: Option<&Pointer>,
    next: &Pointer,
) -> Result<(), StoreError> {
    match pointer {
        Some(pointer) if !pointer.is_partial && differs_in_kind(pointer, next) => {
            let marked = Pointer { is_partial: true, ..pointer.clone() };
            store.swap_index(meter, Some(&pointer.version), &marked).await
        }
        _ => Ok(()),
    }
}

fn differs_in_kind(pointer: &Pointer, next: &Pointer) -> bool {
    (pointer.shape, &pointer.pictures) != (next.shape, &next.pictures)
}

pub(super) async fn put(
    store: &CatalogStore,
    meter: &Meter,
    lease: &Lease,
    index: &[u8],
    (pointer, next): (Option<Pointer>, Pointer),
    diff: &mut Diff,
) -> Result<(), PublishError> {
    let version = next.version.clone();
    let before = pointer.as_ref().map(|pointer| pointer.version.as_str());
    let is_whole = |copy| {
        let head = diff.heads.get(&Key::index_copy(&version, copy));
        head.is_some_and(|head| head.hash == version)
    };
    let copies = (0..INDEX_COPIES).filter(|copy| is_whole(*copy)).count();
    diff.done.index_size.0 = index.len();
    if before != Some(&version) || copies < usize::from(INDEX_COPIES) {
        diff.done.index_size.1 = store.put_index(meter, &version, index).await?;
        diff.done.index_written = true;
    }
    let is_next = |pointer: &Pointer| Pointer { swapped_at: next.swapped_at, ..pointer.clone() } == next;
    if !pointer.as_ref().is_some_and(is_next) {
        store.mark_changed(meter, lease, clock()).await?;
        store.swap_index(meter, before, &next).await?;
        let forgotten = diff.heads.keys().filter_map(Key::index_version).filter(|stored| {
            // The previous version stays: a reader may have read the pointer just before the swap.
            let keep = [Some(version.as_str()), before].contains(&Some(stored));
            !keep && !is_of_another_release(stored)
        });
        let forgotten: BTreeSet<String> = forgotten.map(str::to_owned).collect();
        store.forget_indexes(meter, &forgotten).await?;
    }
    diff.done.index = version;
    Ok(())
}

/// Whether functions of the previous release, or of a newer release that was rolled back, may read this version.
fn is_of_another_release(version: &str) -> bool {
    let format = version.split_once('-').and_then(|(format, _)| format.parse::<u32>().ok());
    format.is_some_and(|format| format + 1 == DexIndex::FORMAT || format > DexIndex::FORMAT)
}
