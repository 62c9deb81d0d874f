//! The table of the functions that no route invokes.

use door::{route::Need, telemetry::Metric};

use crate::{
    config::{MIRROR_KEYS, ORPHAN_KEYS, SYNC_KEYS},
    metrics::{ASSETS_FAILED, PROBE_FAILED, PROBE_LATENCY},
};

/// Minutes.
const DAY: u32 = 24 * 60;

/// A function that a schedule or a release invokes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The job's name, verb-noun. Also the name of the function and the sample event.
    pub name: &'static str,
    /// The stack that contains the function.
    pub stack: &'static str,
    /// The schedule that invokes the function; `None` for a function that a release invokes.
    pub schedule: Option<Schedule>,
    /// The condition of the template under which only one instance may run.
    pub alone: Option<&'static str>,
    pub needs: &'static [Need],
    /// The variables that only this function reads.
    pub variables: &'static [&'static str],
    /// The timeout in seconds; `None` for the default.
    pub timeout: Option<u32>,
    /// The metrics, each with the numbers of the outcome that it sums, as JSON pointers.
    pub counts: &'static [(Metric, &'static [&'static str])],
    pub summary: &'static str,
}

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The interval.
    pub minutes: u32,
    pub switch: Switch,
    /// Whether the template of the edge has the schedule, which then passes the id or the address of the distribution to the function.
    pub is_of_edge: bool,
}

/// The switch of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    AlwaysOn,
    /// The parameter of the template whose value is the state.
    Parameter(&'static str),
    /// The condition of the template under which the schedule is on.
    Condition(&'static str),
}

/// The sync of the catalogue.
pub const SYNC: Job = Job {
    name: "sync-pokeapi",
    stack: "jobs",
    schedule: Some(Schedule { minutes: 15, switch: Switch::Parameter("SyncSchedule"), is_of_edge: false }),
    alone: Some("ReserveSync"),
    // The usual memory, although its peak is 45 MB: an administrator waits for its publications, and more memory is more processor.
    needs: &[Need::Notices],
    variables: &SYNC_KEYS,
    timeout: Some(900),
    counts: &[],
    summary: "Refresh the catalogue from PokeAPI",
};

/// The rotation of the signing keys.
pub const ROTATION: Job = Job {
    name: "rotate-signing-key",
    stack: "jobs",
    schedule: Some(Schedule { minutes: 60, switch: Switch::AlwaysOn, is_of_edge: false }),
    alone: None,
    needs: &[Need::LittleMemory, Need::SigningKeys],
    variables: &[],
    timeout: None,
    counts: &[],
    summary: "Create and promote the signing keys",
};

/// The completion of interrupted deletions.
pub const DELETIONS: Job = Job {
    name: "finish-deletions",
    stack: "jobs",
    schedule: Some(Schedule { minutes: 60, switch: Switch::AlwaysOn, is_of_edge: false }),
    alone: None,
    needs: &[Need::LittleMemory, Need::ExportDeletion],
    variables: &[],
    timeout: Some(60),
    counts: &[],
    summary: "Complete interrupted account deletions",
};

/// The removal of stored responses from the edge after a publication.
pub const INVALIDATION: Job = Job {
    name: "invalidate-edge",
    stack: "jobs",
    schedule: Some(Schedule { minutes: 1, switch: Switch::AlwaysOn, is_of_edge: true }),
    alone: None,
    needs: &[Need::LittleMemory, Need::Invalidation],
    variables: &[],
    timeout: None,
    counts: &[],
    summary: "Make the edge forget a catalogue that has changed",
};

/// The condition of the template under which a distribution serves mirrored pictures. The functions know whether there are any: a rollback
/// moves their versions, and not the schedules.
const WITH_EDGE: Switch = Switch::Condition("HasEdge");

/// The mirror of pictures and sounds.
pub const MIRROR: Job = Job {
    name: "mirror-assets",
    stack: "jobs",
    schedule: Some(Schedule { minutes: 15, switch: WITH_EDGE, is_of_edge: false }),
    // The lease of the mirror leaves one run at work.
    alone: None,
    needs: &[Need::WholeProcessor, Need::AssetStorage],
    variables: &MIRROR_KEYS,
    timeout: Some(900),
    counts: &[(ASSETS_FAILED, &["/tally/failed", "/tally/rejected"])],
    summary: "Mirror pictures and sounds from PokeAPI",
};

/// The deletion of mirrored files that no asset has any more.
pub const ORPHANS: Job = Job {
    name: "delete-orphans",
    stack: "jobs",
    schedule: Some(Schedule { minutes: DAY, switch: WITH_EDGE, is_of_edge: false }),
    alone: None,
    needs: &[Need::AssetDeletion],
    variables: &ORPHAN_KEYS,
    timeout: Some(300),
    counts: &[],
    summary: "Delete mirrored files that no asset has any more",
};

/// The probe from outside: the journeys of a reader and of a user.
pub const PROBE: Job = Job {
    name: "probe-api",
    stack: "jobs",
    schedule: Some(Schedule { minutes: 1, switch: Switch::Parameter("ProbeSchedule"), is_of_edge: true }),
    // The turn in the store leaves the account to one run.
    alone: None,
    needs: &[Need::LittleMemory, Need::ProbeAccount],
    variables: &[],
    timeout: Some(50),
    counts: &[(PROBE_FAILED, &["/failed"]), (PROBE_LATENCY, &["/reader/milliseconds"])],
    summary: "Use the API as a reader and as a user do",
};

/// The change of the stored accounts' shape.
pub const MIGRATION: Job = Job {
    name: "migrate-accounts",
    stack: "jobs",
    schedule: None,
    alone: None,
    needs: &[Need::LittleMemory],
    variables: &[],
    timeout: Some(60),
    counts: &[],
    summary: "Bring stored accounts to another version of their shape",
};

/// The check of a new version of any function, before it receives traffic.
pub const VERIFICATION: Job = Job {
    name: "verify-release",
    stack: "release",
    schedule: None,
    alone: None,
    needs: &[Need::LittleMemory, Need::Verification],
    variables: &[],
    timeout: Some(60),
    counts: &[],
    summary: "Check a new version of a function before it receives traffic",
};

/// Every function that no route invokes.
pub static JOBS: &[Job] =
    &[SYNC, ROTATION, DELETIONS, INVALIDATION, MIRROR, ORPHANS, PROBE, MIGRATION, VERIFICATION];
