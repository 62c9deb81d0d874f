//! The state of runs, as administrators see it.

use adapters::sync::{RunError, Wait};
use domain::{Timestamp, assets::Manifest, facts::AssetKind};
use serde::{Deserialize, Serialize};

use crate::work::VERSION;

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
    /// The address of the source, and the version of the processing.
    #[serde(default)]
    pub source: String,
    #[serde(default)]
    pub version: u32,
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
    /// The error that ended the latest run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
    /// The counts at the end of the last run.
    #[serde(default)]
    pub totals: Totals,
    /// No request is sent to the source before this moment, as it has asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// The assets that the last run could not fetch, and those whose latest version was not accepted; at most [`MOST_FAILURES`].
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

    /// Whether a run that begins `now` would be too soon: the last one asked `source` for every asset that was due, within `min_age`
    /// seconds, or a quarter of them if some could not be fetched.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp, source: &str, min_age: i64) -> bool {
        self.last.as_ref().is_some_and(|last| {
            let enough = if last.tally.failed == 0 { min_age } else { min_age / 4 };
            let is_same = last.source == source && last.version == VERSION;
            // A time in this clock's future is not used.
            let is_young = now.elapsed_since(last.ended_at).is_some_and(|age| age < enough);
            last.is_complete && is_same && is_young && self.error.is_none()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_too_soon_after_a_complete_one_of_the_same_source_and_version() {
        let last = MirrorRun {
            started_at: Timestamp::from_unix(0),
            ended_at: Timestamp::from_unix(1000),
            is_complete: true,
            source: "here".to_owned(),
            version: VERSION,
            tally: Tally::default(),
        };
        let state = |last: MirrorRun| MirrorState { last: Some(last), ..MirrorState::default() };
        let is_fresh = |state: &MirrorState, at| state.is_fresh(Timestamp::from_unix(at), "here", 400);
        assert!(is_fresh(&state(last.clone()), 1399));
        assert!(!is_fresh(&state(last.clone()), 1400), "it is old");
        assert!(!is_fresh(&state(last.clone()), 900), "it ended in the future");
        assert!(!is_fresh(&MirrorState::default(), 1000), "there was none");
        let failed = Tally { failed: 1, ..Tally::default() };
        let failed = state(MirrorRun { tally: failed, ..last.clone() });
        assert!(is_fresh(&failed, 1099) && !is_fresh(&failed, 1100));
        for other in [
            MirrorRun { is_complete: false, ..last.clone() },
            MirrorRun { version: VERSION - 1, ..last.clone() },
            MirrorRun { source: "there".to_owned(), ..last },
        ] {
            assert!(!is_fresh(&state(other.clone()), 1001), "{other:?}");
        }
    }
}
