//! Fills an empty catalogue from the bundled snapshot, once.

use adapters::{
    publish::{Published, publish},
    store::{Ledger, Meter, Store},
    sync,
};
use anyhow::Result;

use crate::snapshot;

/// Loads the bundled snapshot unless it is there already, or a sync has brought something newer. A load that was
/// killed anywhere is completed by the next: what is already there is not written again, and the marker that it is
/// whole is written last. Answers what was done, if anything was.
///
/// # Errors
/// When the engine does not answer.
pub async fn seed(store: &Store) -> Result<Option<Published>> {
    let store = &store.patient();
    let meter = &Meter::default();
    let header = snapshot::bundled_header()?;
    let marker = store.seeded(meter).await?;
    if marker.as_ref() == Some(&header.name()) {
        return Ok(None);
    }
    let last_sync = sync::state(store, meter).await?.last.map(|last| last.finished_at);
    if marker.is_some() && last_sync.is_some_and(|synced| synced >= header.taken_at) {
        return Ok(None);
    }
    let (header, facts) = snapshot::bundled()?;
    let mut ledger = Ledger::new(facts);
    store.put_facts(meter, &mut ledger).await?;
    let published = publish(store, meter, &ledger.facts, header.taken_at).await?;
    store.mark_seeded(meter, &header.name()).await?;
    Ok(Some(published))
}
