//! The state of runs, as administrators see it.

use adapters::sync::Wait;
use domain::{Timestamp, assets::Manifest, facts::AssetKind};
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

/// Counts of all mirrored assets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Assets with files, and their files and bytes.
    pub assets: usize,
    pub files: usize,
    pub bytes: u64,
    /// Assets whose latest version was not accepted.
    pub rejected: usize,
    /// Assets that the source no longer has.
    pub gone: usize,
}

impl Totals {
    pub(crate) fn of(manifest: &Manifest) -> Self {
        manifest.values().fold(Self::default(), |totals, asset| Self {
            assets: totals.assets + usize::from(!asset.files.is_empty()),
            files: totals.files + asset.files.len(),
            bytes: totals.bytes + asset.files.iter().map(|file| u64::from(file.bytes)).sum::<u64>(),
            rejected: totals.rejected + usize::from(asset.rejected.is_some()),
            gone: totals.gone + usize::from(asset.gone_since.is_some()),
        })
    }
}

/// The stored state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorState {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<MirrorRun>,
    /// The counts at the end of the last run.
    #[serde(default)]
    pub totals: Totals,
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

    /// Whether a run that begins `now` would be too soon: the last one asked for every asset that was due, within `min_age` seconds, or a
    /// quarter of them if assets failed.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp, min_age: i64) -> bool {
        let enough = if self.failures.is_empty() { min_age } else { min_age / 4 };
        self.last.as_ref().is_some_and(|last| {
            // A time in this clock's future says nothing.
            last.is_complete && now.elapsed_since(last.ended_at).is_some_and(|age| age < enough)
        })
    }
}
