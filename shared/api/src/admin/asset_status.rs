//! The state of the mirror of pictures and sounds, as administrators see it.

use domain::Timestamp;
use mirror::{AssetFailure, MirrorRun, MirrorState, Tally, Totals};
use schemars::JsonSchema;
use serde::Serialize;

use super::failure::SyncFailure;

/// The mirrored pictures and sounds.
#[derive(Serialize, JsonSchema)]
pub struct AssetStatus {
    /// Whether a run of the mirror, or the deletion of files that nothing uses, is at work.
    pub is_running: bool,
    /// Pictures and sounds with files, at the end of the last run.
    pub assets: usize,
    /// Their files.
    pub files: usize,
    /// The bytes of the files.
    pub bytes: u64,
    /// Pictures and sounds whose latest version was not accepted.
    pub rejected: usize,
    /// Pictures and sounds that PokeAPI no longer has. They stay for 30 days.
    pub gone: usize,
    /// PokeAPI asked for no requests until this time.
    pub waits_until: Option<Timestamp>,
    /// The last run of the mirror that ended without an error.
    pub last: Option<AssetRun>,
    /// The error that ended the latest run, such as a source that has stopped answering.
    pub error: Option<SyncFailure>,
    /// Pictures and sounds that the last run could not fetch, and those whose latest version was not accepted: the first 100.
    pub skipped: Vec<SkippedAsset>,
}

/// A run of the mirror that has ended.
#[derive(Serialize, JsonSchema)]
pub struct AssetRun {
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    /// Whether it asked for everything that was due; otherwise the schedule continues.
    pub is_complete: bool,
    /// Pictures and sounds whose files were stored.
    pub stored: usize,
    pub unchanged: usize,
    pub rejected: usize,
    pub gone: usize,
    /// Pictures and sounds that could not be fetched.
    pub failed: usize,
    /// Files that were stored.
    pub files: usize,
    /// The bytes of the files that were stored.
    pub bytes: u64,
}

#[derive(Serialize, JsonSchema)]
pub struct SkippedAsset {
    /// `front_default`
    pub kind: &'static str,
    /// `25.png`
    pub path: String,
    pub reason: String,
}

impl AssetStatus {
    /// `None` if the mirror has not run.
    pub(super) fn new(state: MirrorState, is_running: bool) -> Option<Self> {
        let MirrorState { last, error, totals, wait, failures } = state;
        if last.is_none() && error.is_none() {
            return None;
        }
        let Totals { assets, files, bytes, rejected, gone } = totals;
        Some(Self {
            is_running,
            assets,
            files,
            bytes,
            rejected,
            gone,
            waits_until: wait.map(|wait| wait.until),
            last: last.map(AssetRun::from),
            error: error.map(SyncFailure::from),
            skipped: failures.into_iter().map(SkippedAsset::from).collect(),
        })
    }
}

impl From<MirrorRun> for AssetRun {
    fn from(run: MirrorRun) -> Self {
        let MirrorRun { started_at, ended_at, is_complete, tally, .. } = run;
        let Tally { unchanged, stored, files, bytes, rejected, gone, failed } = tally;
        Self { started_at, ended_at, is_complete, stored, unchanged, rejected, gone, failed, files, bytes }
    }
}

impl From<AssetFailure> for SkippedAsset {
    fn from(AssetFailure { kind, path, reason }: AssetFailure) -> Self {
        Self { kind: kind.name(), path, reason }
    }
}
