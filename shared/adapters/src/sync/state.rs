//! What a sync remembers between runs: JSON in one item.

use domain::{Timestamp, facts::Kind};
use serde::{Deserialize, Serialize};

use crate::pokeapi::FetchError;

/// Failures that are remembered; more than these say nothing new.
const MOST_FAILURES: usize = 200;
/// Failures that a run remembers, to try again at its end. With [`LONGEST_REASON`]: the state is one item, 400 KB.
pub(super) const MOST_UNDER_WAY: usize = 500;
/// Bytes; a reason may quote what the source has sent.
const LONGEST_REASON: usize = 300;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The run that has begun and not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// The last that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Finished>,
    /// When the last ended that skipped no more than a few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_good_at: Option<Timestamp>,
    /// A source that asked to be left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
}

/// A source that asked not to be asked before a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Its base address: no other has to be left alone.
    pub source: String,
    pub until: Timestamp,
}

impl State {
    /// A state that cannot be read is as good as none: the worst that follows is asking for everything again.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        if body.is_empty() {
            return Self::default();
        }
        serde_json::from_slice(body).unwrap_or_else(|error| {
            tracing::warn!(%error, "the sync's state is not readable; it starts anew");
            Self::default()
        })
    }
}

/// Counts of resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Answered with a body.
    pub fetched: usize,
    /// Answered 304.
    pub unchanged: usize,
    /// Of those fetched, with other facts than before.
    pub changed: usize,
    /// Skipped for now.
    pub failed: usize,
}

/// A resource that was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: Kind,
    pub id: u32,
    pub reason: String,
    /// Whether trying again may help.
    pub passing: bool,
}

impl Failure {
    pub(super) fn new(kind: Kind, id: u32, error: &FetchError) -> Self {
        let mut reason = error.to_string();
        reason.truncate(reason.floor_char_boundary(LONGEST_REASON));
        Self { kind, id, reason, passing: error.is_passing() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Running {
    pub started_at: Timestamp,
    /// The last resource dealt with.
    pub cursor: Option<(Kind, u32)>,
    pub tally: Tally,
    pub failures: Vec<Failure>,
    /// Items of facts that could not be read when the run began: what they held is fetched in its turn.
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
    /// What makes it doubtful that the source said all there is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
    /// Records that could not be made, or not wholly.
    pub incomplete: usize,
    /// Fields that are not known: served as null.
    #[serde(default)]
    pub gaps: usize,
    /// Rows that the source listed twice.
    #[serde(default)]
    pub repeated: usize,
}

impl Finished {
    /// Whether nothing is doubtful and no more than one resource in twenty was skipped: less is a bad day of the
    /// source, not a refresh.
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

    /// The run as it ends now; what only its end knows is left at zero.
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
        }
    }
}
