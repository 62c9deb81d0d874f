//! The files that the stages of a run leave for the scorecard.

use std::path::PathBuf;

use crate::cargo::target;

/// The scorecard itself.
pub fn scorecard() -> PathBuf {
    target().join("scorecard.json")
}

/// The folder into which tests write figures, a file for each.
pub fn figures() -> PathBuf {
    target().join("figures")
}

/// The results of the load.
pub fn load() -> PathBuf {
    target().join("load.json")
}

/// The release build of the functions' program.
pub fn program() -> PathBuf {
    target().join("lambda/functions/bootstrap")
}
