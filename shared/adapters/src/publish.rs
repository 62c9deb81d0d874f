//! Publishes the catalogue: derives all items and the index from the facts, and writes only what differs. The next run therefore completes
//! a run that was killed at any point, and a run over the same facts writes nothing.

mod diff;
mod index;
mod outcome;
mod past;
mod records;

use std::collections::{BTreeSet, HashSet};

use domain::{
    Timestamp,
    catalog::{Catalog, Hidden},
    dex::{Dex, DexIndex},
    facts::{Facts, Kind},
};

use crate::{
    now as clock,
    store::{CatalogStore, Key, Lease, Meter, Pointer},
};
use diff::Diff;
pub use outcome::{Loss, PublishError, Published};

/// Whether `gone` of `all` are so many that an accident at the source is more likely than a real removal.
#[must_use]
pub fn is_suspicious(gone: usize, all: usize) -> bool {
    gone * 2 > all || (gone > 10 && gone * 20 > all)
}

/// Makes the stored catalogue match `facts` and the changes of administrators. New items get `now` as their times. The records of
/// `approved` may vanish, however many they are.
///
/// # Errors
/// [`PublishError::Store`] if the engine does not answer or the lease was lost; items that were already written stay and are not written
/// again. With any other error, nothing was written.
pub async fn publish(
    store: &CatalogStore,
    meter: &Meter,
    lease: &Lease,
    facts: &Facts,
    now: Timestamp,
    approved: &BTreeSet<(Kind, u32)>,
) -> Result<Published, PublishError> {
    let overrides = store.overrides(meter).await?;
    let hidden = overrides.hidden(facts);
    let facts = overrides.apply(facts);
    let (addresses, pictures) = store.addresses(meter).await?;
    let catalog = Catalog::new(&facts).with_pictures(&addresses);
    let mut diff = Diff::new(store.heads(meter).await?, now);
    let (mut groups, timed) = records::pokemon(&catalog, &mut diff)?;
    groups.extend(records::others(&catalog, &mut diff)?);
    let (index, version) = DexIndex::build(&catalog, &timed).encode()?;
    // An index that readers would reject must not become current.
    Dex::load(&index, &version, "")?.generations()?;
    let hidden = stored_keys(&hidden);
    check_loss(&diff, &hidden, approved)?;
    groups.extend(past::keep(store, meter, &hidden, &mut diff).await?);
    let stale = diff.stale();

    let pointer = store.latest_index_pointer(meter).await?;
    let next = Pointer { pictures, ..Pointer::new(version, overrides.revision, now) };
    if diff.done.written > 0 || !stale.is_empty() {
        // Before the first write: the edge forgets what was stored before, also if this publication is not completed.
        store.mark_changed(meter, lease, clock()).await?;
        index::mark_partial(store, meter, pointer.as_ref(), &next).await?;
    }
    store.put_groups(meter, lease, groups).await?;
    remove(store, meter, stale, &mut diff).await?;
    index::put(store, meter, lease, &index, (pointer, next), &mut diff).await?;
    if diff.done.written > 0 || diff.done.removed > 0 {
        // Again at the end: functions may have read former records until now.
        store.mark_changed(meter, lease, clock()).await?;
    }
    for problem in &diff.done.problems {
        tracing::warn!(resource = problem.resource, reason = problem.reason, "a record is incomplete");
    }
    for gap in &diff.done.gaps {
        tracing::warn!(resource = gap.resource, reason = gap.reason, "a field is served as null");
    }
    Ok(diff.done)
}

/// The partition keys of `hidden` records.
fn stored_keys(hidden: &Hidden) -> HashSet<String> {
    let names = hidden.names.iter().map(Key::pokemon);
    names.chain(hidden.chains.iter().map(|id| Key::chain(*id))).map(|key| key.pk).collect()
}

/// # Errors
/// [`PublishError::Loss`] if suspiciously many records are no longer derived, not counting those that an administrator has hidden and those
/// of `approved`.
fn check_loss(
    diff: &Diff,
    hidden: &HashSet<String>,
    approved: &BTreeSet<(Kind, u32)>,
) -> Result<(), PublishError> {
    let current = diff.heads.iter().filter(|(_, head)| head.past.is_none());
    let published: Vec<_> = current.filter_map(|(key, _)| Some((key, key.resource()?))).collect();
    let is_lost = |key: &Key| !diff.derived.contains(key) && !hidden.contains(&key.pk);
    let lost = published.iter().filter(|(key, record)| is_lost(key) && !approved.contains(record));
    let records: BTreeSet<(Kind, u32)> = lost.map(|(_, record)| *record).collect();
    if is_suspicious(records.len(), published.len()) {
        return Err(PublishError::Loss(Loss { records, all: published.len() }));
    }
    Ok(())
}

async fn remove(
    store: &CatalogStore,
    meter: &Meter,
    stale: Vec<Key>,
    diff: &mut Diff,
) -> Result<(), PublishError> {
    if stale.is_empty() {
        return Ok(());
    }
    diff.done.removed = stale.len();
    Ok(store.delete(meter, stale).await?)
}
