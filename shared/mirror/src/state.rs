//! The state of runs, as administrators see it.

use adapters::sync::Wait;
use domain::{Timestamp, facts::AssetKind};
use serde::{Deserialize, Serialize};

/// Counts of one run, or of several that complete each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Assets that have not changed at the source.
    pub unchanged: usize,
    /// Assets whose files were stored.
    pub stored: usize,
    /// Files that were stored, and their bytes.
    pub files: usize,
    pub bytes: u64,
    /// Assets whose content was not accepted.
    pub rejected: usize,
    /// Assets that the source no longer has.
    pub gone: usize,
    /// Assets that could not be fetched; the next run asks for them again.
    pub failed: usize,
}

/// An asset without files, or with files of an earlier version only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetFailure {
    pub kind: AssetKind,
    pub path: String,
    pub reason: String,
}

/// A run that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorRun {
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    /// Whether it has asked for every asset that was due.
    pub is_complete: bool,
    pub tally: Tally,
}

/// The stored state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorState {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<MirrorRun>,
    /// No request is sent to the source before this moment, as it has asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// The assets that the last run rejected or could not fetch; at most [`MOST_FAILURES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<AssetFailure>,
}

pub(crate) const MOST_FAILURES: usize = 100;

impl MirrorState {
    /// Reads a stored state. One that cannot be read counts as none: the manifest has everything that a run needs.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}
