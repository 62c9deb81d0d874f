//! The state of a sync between runs: JSON in one item.

use std::fmt;

use domain::{Timestamp, facts::Kind};
use serde::{Deserialize, Serialize};

use super::{
    held::{Held, HeldChange},
    scope::Scope,
};
use crate::pokeapi::FetchError;

/// The maximum number of failures in the result of a run; more of them add no information.
const MOST_FAILURES: usize = 200;
/// The maximum number of failures that a run remembers, to retry at its end. With [`LONGEST_REASON`], it keeps the
/// state within one item of 400 KB.
pub(super) const MOST_UNDER_WAY: usize = 500;
/// The maximum length of a reason in bytes; it may quote the source's answer.
const LONGEST_REASON: usize = 300;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The run that has started and not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// The last run that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Finished>,
    /// The end of the last run that skipped only a few resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_good_at: Option<Timestamp>,
    /// A source that asked for a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// Improbable changes that wait for an approval. Meanwhile no run publishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// The error that ended the latest run, if it did not end well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
    /// The runs that ended, the latest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<Ended>,
}

/// The maximum number of runs in [`State::recent`].
const MOST_RECENT: usize = 10;

/// The error that ended a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    pub at: Timestamp,
    pub reason: String,
}

/// A run that ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    #[serde(flatten)]
    pub scope: Scope,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    pub tally: Tally,
    /// Items that the publication wrote.
    pub written: usize,
    /// Items that the publication deleted.
    pub removed: usize,
    /// The version of the index after the run; absent if nothing was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
}

/// A source that asked for no requests before a certain time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The base address of the source: the pause does not apply to another source.
    pub source: String,
    pub until: Timestamp,
}

impl State {
    /// Parses a state. One that cannot be read counts as empty: at worst, the next run requests everything again.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        if body.is_empty() {
            return Self::default();
        }
        serde_json::from_slice(body).unwrap_or_else(|error| {
            tracing::warn!(%error, "the sync's state is not readable; the sync starts from scratch");
            Self::default()
        })
    }

    /// Records a run that ended.
    pub(super) fn add(&mut self, ended: Ended) {
        self.error = None;
        self.recent.insert(0, ended);
        self.recent.truncate(MOST_RECENT);
    }
}

/// Numbers of resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The source answered with a body.
    pub fetched: usize,
    /// The source answered with 304.
    pub unchanged: usize,
    /// The fetched resources whose facts differ from the known ones.
    pub changed: usize,
    /// The resources that were skipped for now.
    pub failed: usize,
}

/// A resource that was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: Kind,
    pub id: u32,
    pub reason: String,
    /// Whether another attempt may help.
    pub passing: bool,
}

impl Failure {
    pub(super) fn new(kind: Kind, id: u32, error: &FetchError) -> Self {
        Self { kind, id, reason: shortened(error), passing: error.is_passing() }
    }

    /// Whether both are failures of the same resource.
    pub(super) fn is_of_same(&self, other: &Self) -> bool {
        (self.kind, self.id) == (other.kind, other.id)
    }
}

/// Returns the text of an error, shortened.
/// Returns the message of `error`, cut to a length that a state can hold.
pub fn shortened(error: &impl fmt::Display) -> String {
    let mut reason = error.to_string();
    reason.truncate(reason.floor_char_boundary(LONGEST_REASON));
    reason
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Running {
    pub started_at: Timestamp,
    /// The last resource that was processed.
    pub cursor: Option<(Kind, u32)>,
    pub tally: Tally,
    pub failures: Vec<Failure>,
    /// The resources of the whole run, and those of them that were processed.
    #[serde(default)]
    pub total: usize,
    #[serde(default)]
    pub done: usize,
    /// Improbable changes so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldChange>,
    /// Items of facts that could not be read when the run started: the run fetches their resources again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    pub tally: Tally,
    pub failures: Vec<Failure>,
    /// Resources that the source listed.
    #[serde(default)]
    pub total: usize,
    /// Reasons to doubt that the source listed everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
    /// Records that could not be derived, or only in part.
    pub incomplete: usize,
    /// Unknown fields, served as null.
    #[serde(default)]
    pub gaps: usize,
    /// Rows that the source listed twice.
    #[serde(default)]
    pub repeated: usize,
    /// The publication that waits for an approval: nothing was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}

impl Finished {
    /// Whether there are no doubts and at most one resource in twenty was skipped: a run with more failures is a
    /// problem of the source, not a refresh.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.total > 0 && self.doubts.is_empty() && self.tally.failed * 20 <= self.total
    }
}

impl Running {
    pub(super) const fn new(now: Timestamp, lost: Vec<String>) -> Self {
        Self {
            started_at: now,
            cursor: None,
            tally: Tally { fetched: 0, unchanged: 0, changed: 0, failed: 0 },
            failures: Vec::new(),
            total: 0,
            done: 0,
            held: Vec::new(),
            lost,
        }
    }

    pub(super) fn passing_failures(&self) -> Vec<(Kind, u32)> {
        self.failures
            .iter()
            .filter(|failure| failure.passing)
            .map(|failure| (failure.kind, failure.id))
            .collect()
    }

    /// Returns the run as it ends now; values that are known only at its end are left at zero.
    pub(super) fn finish(&self, now: Timestamp) -> Finished {
        let mut failures = self.failures.clone();
        failures.truncate(MOST_FAILURES);
        Finished {
            started_at: self.started_at,
            finished_at: now,
            tally: self.tally,
            failures,
            total: 0,
            doubts: Vec::new(),
            incomplete: 0,
            gaps: 0,
            repeated: 0,
            held: None,
        }
    }
}
