//! The state of the sync, as administrators see it.

use adapters::{
    store::Pointer,
    sync::{Ended, Failure, Finished, Held, HeldChange, HeldRemoval, Request, Running, Scope, State, Tally},
};
use domain::{Timestamp, facts::Kind};
use schemars::JsonSchema;
use serde::Serialize;

use super::{asset_status::AssetStatus, failure::SyncFailure};
use crate::health::CatalogReadiness;

/// The state of the sync from PokeAPI.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Sync")]
pub struct SyncStatus {
    pub status: SyncPhase,
    /// The published catalogue; null before the first publication.
    pub catalog: Option<CatalogReadiness>,
    /// The run that has begun and not ended.
    pub run: Option<SyncRun>,
    /// The request that the next run carries out.
    pub request: Option<SyncRequested>,
    /// Improbable changes. Nothing is published until they are approved, or until PokeAPI corrects them.
    pub held: Option<HeldPublication>,
    /// PokeAPI asked for no requests until this time.
    pub waits_until: Option<Timestamp>,
    /// The end of the last run that skipped only a few resources.
    pub last_good_at: Option<Timestamp>,
    /// The error that ended the latest run.
    pub error: Option<SyncFailure>,
    /// Resources that the last run skipped, the first 200.
    pub skipped: Vec<SkippedResource>,
    /// The last ten runs, the latest first.
    pub recent: Vec<RecentRun>,
    /// The mirrored pictures and sounds; null before the first run of the mirror.
    pub assets: Option<AssetStatus>,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncPhase {
    /// The writer works on a run or on an administrator's change.
    Running,
    /// A run has begun; the schedule continues it.
    Paused,
    Idle,
}

/// Numbers of resources.
#[derive(Serialize, JsonSchema)]
pub struct SyncTally {
    /// PokeAPI answered with a document.
    pub fetched: usize,
    /// PokeAPI answered that the document has not changed.
    pub unchanged: usize,
    /// Fetched resources whose facts differ from the known ones.
    pub changed: usize,
    pub skipped: usize,
}

#[derive(Serialize, JsonSchema)]
pub struct SyncRun {
    pub started_at: Timestamp,
    /// The number of all resources.
    pub total: usize,
    /// The number of resources that were processed.
    pub done: usize,
    #[serde(flatten)]
    pub tally: SyncTally,
}

#[derive(Serialize, JsonSchema)]
pub struct SyncRequested {
    pub scope: SyncScope,
    pub requested_at: Timestamp,
}

/// The resources that a run covers.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncScope {
    Everything,
    /// The resources that the last run skipped.
    Skipped,
    /// The changes that an administrator has approved.
    Approved,
}

#[derive(Serialize, JsonSchema)]
pub struct HeldPublication {
    /// The id that an approval names.
    pub publication: String,
    pub since: Timestamp,
    pub changes: Vec<HeldResource>,
    pub removals: Vec<HeldList>,
}

#[derive(Serialize, JsonSchema)]
pub struct HeldResource {
    /// `pokemon/25`
    pub resource: String,
    pub reason: String,
}

#[derive(Serialize, JsonSchema)]
pub struct HeldList {
    /// `pokemon`
    pub kind: &'static str,
    pub ids: Vec<u32>,
    pub reason: String,
}

#[derive(Serialize, JsonSchema)]
pub struct SkippedResource {
    /// `pokemon/25`
    pub resource: String,
    pub reason: String,
    /// Whether another attempt may succeed without a change at PokeAPI.
    pub is_temporary: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct RecentRun {
    pub scope: SyncScope,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    #[serde(flatten)]
    pub tally: SyncTally,
    /// Items that the publication wrote.
    pub written: usize,
    /// Items that the publication deleted.
    pub removed: usize,
    /// The version of the dex index; null if nothing was published.
    pub index: Option<String>,
}

impl SyncStatus {
    pub(super) fn new(
        status: SyncPhase,
        state: State,
        request: Option<Request>,
        pointer: Option<Pointer>,
        assets: Option<AssetStatus>,
    ) -> Self {
        let failures = state.last.map(|Finished { failures, .. }| failures).unwrap_or_default();
        Self {
            status,
            catalog: pointer.map(|Pointer { version, swapped_at, .. }| CatalogReadiness {
                index: version,
                indexed_at: swapped_at,
            }),
            run: state.running.map(SyncRun::from),
            request: request.map(|request| SyncRequested {
                scope: (&request.scope).into(),
                requested_at: request.requested_at,
            }),
            held: state.held.map(HeldPublication::from),
            waits_until: state.wait.map(|wait| wait.until),
            last_good_at: state.last_good_at,
            error: state.error.map(SyncFailure::from),
            skipped: failures.into_iter().map(SkippedResource::from).collect(),
            recent: state.recent.into_iter().map(RecentRun::from).collect(),
            assets,
        }
    }
}

impl From<Tally> for SyncTally {
    fn from(Tally { fetched, unchanged, changed, failed }: Tally) -> Self {
        Self { fetched, unchanged, changed, skipped: failed }
    }
}

impl From<&Scope> for SyncScope {
    fn from(scope: &Scope) -> Self {
        match scope {
            Scope::Everything => Self::Everything,
            Scope::Skipped => Self::Skipped,
            Scope::Approved { .. } => Self::Approved,
        }
    }
}

impl From<Running> for SyncRun {
    fn from(Running { started_at, total, done, tally, .. }: Running) -> Self {
        Self { started_at, total, done, tally: tally.into() }
    }
}

impl From<Held> for HeldPublication {
    fn from(Held { publication, since, changes, removals }: Held) -> Self {
        let change = |HeldChange { kind, id, reason, .. }| HeldResource { resource: name(kind, id), reason };
        let removal = |HeldRemoval { kind, ids, reason }| HeldList { kind: kind.endpoint(), ids, reason };
        Self {
            publication,
            since,
            changes: changes.into_iter().map(change).collect(),
            removals: removals.into_iter().map(removal).collect(),
        }
    }
}

impl From<Failure> for SkippedResource {
    fn from(Failure { kind, id, reason, passing }: Failure) -> Self {
        Self { resource: name(kind, id), reason, is_temporary: passing }
    }
}

impl From<Ended> for RecentRun {
    fn from(ended: Ended) -> Self {
        let Ended { scope, started_at, finished_at, tally, written, removed, index } = ended;
        let (scope, tally) = ((&scope).into(), tally.into());
        Self { scope, started_at, finished_at, tally, written, removed, index }
    }
}

/// PokeAPI's name of a resource: `pokemon/25`.
fn name(kind: Kind, id: u32) -> String {
    format!("{}/{id}", kind.endpoint())
}
