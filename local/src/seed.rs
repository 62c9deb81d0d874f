//! Fills the catalogue from the bundled snapshot, once.

use std::time::Duration;

use adapters::{
    now,
    publish::Published,
    store::{CatalogStore, Meter},
    sync::{self, Loaded, SyncError},
};
use anyhow::Result;

use crate::snapshot;

/// The time in seconds to wait for another process, which is the length of a load's lease. A sync has a longer lease, and is not waited
/// for.
const LONGEST_WAIT: i64 = 30;

/// Loads the bundled snapshot unless it is already loaded or a sync has fetched newer data. Publishes data again that another version of
/// this program has stored. Returns what was done, if anything was.
///
/// # Errors
/// If the engine does not answer, or another process is writing the catalogue.
pub async fn seed(store: &CatalogStore, owner: &str) -> Result<Option<Published>> {
    let meter = &Meter::default();
    let header = snapshot::bundled_header()?;
    let name = snapshot::bundled_name(&header);
    let is_newer = |synced| synced >= header.taken_at;
    let is_loaded = store.patient().seeded(meter).await?.as_ref() == Some(&name)
        || sync::state(store, meter).await?.last_good_at.is_some_and(is_newer);
    if is_loaded {
        return match sync::republish(store, meter, owner, now()).await {
            // Serving the previous catalogue is better than serving none; an administrator can approve what is held.
            Err(SyncError::Publish(error)) => {
                eprintln!("pokedex: the stored facts cannot be published again: {error}");
                Ok(None)
            }
            other => Ok(other?),
        };
    }
    let (header, facts) = snapshot::bundled()?;
    let snapshot = Loaded { name: &name, taken_at: header.taken_at, facts: &facts };
    let mut reported = false;
    loop {
        match sync::load(store, meter, owner, &snapshot).await {
            // Another process loads it, or was killed while loading: its lease is short.
            Err(SyncError::Busy(until)) if until.seconds_from(now()) <= LONGEST_WAIT => {
                if !reported {
                    eprintln!("another process is writing the catalogue: waiting until {until} at most");
                    reported = true;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            other => return Ok(Some(other?)),
        }
    }
}
