//! The resources that a run has to request.

use std::collections::BTreeMap;

use domain::facts::Kind;

use super::{outcome::SyncError, state::Running};
use crate::{pokeapi::PokeApi, store::Ledger};

/// One resource to request.
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
    /// The remaining tasks, in order.
    pub tasks: Vec<Task>,
    /// The number of resources in the whole run.
    pub total: usize,
    pub done: usize,
    /// Rows that a list contains twice.
    pub repeated: usize,
}

impl Work {
    /// Reads the lists. A list that cannot be read ends the run: without it, its resources would look removed.
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

    /// The number of resources that the source lists.
    pub(super) fn listed_total(&self) -> usize {
        self.listed.values().map(Vec::len).sum()
    }

    pub(super) fn listed(&self, kind: Kind) -> &[u32] {
        self.listed.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }
}
