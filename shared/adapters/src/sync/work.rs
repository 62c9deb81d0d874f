//! What a run has to ask for.

use std::collections::BTreeMap;

use domain::facts::Kind;

use super::{SyncError, state::Running};
use crate::{pokeapi::PokeApi, store::Ledger};

/// One resource to ask for.
#[derive(Debug)]
pub(super) struct Task {
    pub kind: Kind,
    pub id: u32,
    pub etag: Option<String>,
}

impl Task {
    pub(super) fn new(ledger: &Ledger, kind: Kind, id: u32) -> Self {
        Self { kind, id, etag: ledger.etag(kind, id).map(str::to_owned) }
    }
}

#[derive(Debug, Default)]
pub(super) struct Work {
    listed: BTreeMap<Kind, Vec<u32>>,
    /// What is left to do, in order.
    pub tasks: Vec<Task>,
    /// Of the whole run.
    pub total: usize,
    pub done: usize,
    /// Rows that a list gave twice.
    pub repeated: usize,
}

impl Work {
    /// Reads the lists. A list that cannot be had ends the run: going on without would look like a removal.
    pub(super) async fn list(api: &PokeApi, ledger: &Ledger, running: &Running) -> Result<Self, SyncError> {
        let mut work = Self::default();
        for kind in Kind::ALL {
            let listed = api.list(kind).await;
            let (ids, repeated) = listed.map_err(|error| SyncError::List(kind.endpoint(), error))?;
            if repeated > 0 {
                tracing::warn!(kind = kind.endpoint(), repeated, "the source lists resources twice");
            }
            work.repeated += repeated;
            work.total += ids.len();
            let left = ids.iter().filter(|id| running.cursor.is_none_or(|cursor| (kind, **id) > cursor));
            work.tasks.extend(left.map(|id| Task::new(ledger, kind, *id)));
            work.listed.insert(kind, ids);
        }
        work.done = work.total - work.tasks.len();
        Ok(work)
    }

    pub(super) fn listed(&self, kind: Kind) -> &[u32] {
        self.listed.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }
}
