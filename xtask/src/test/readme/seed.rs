//! A target folder for the clone that contains the dependencies which are already built.
//!
//! The clone cannot share this repository's target folder: cargo would mistake its builds for builds of this repository.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;

use anyhow::Context;

use crate::cargo::target;

/// Copies cargo's builds of dependencies to `to`, with their modification times, which cargo compares. Sources in the clone are newer than
/// all of them, so the clone's own crates are built again.
pub fn seed(to: &Path) -> anyhow::Result<()> {
    let from = target().join("debug");
    if to.exists() || !from.exists() {
        return Ok(());
    }
    let to = to.join("debug");
    for folder in [".fingerprint", "build"] {
        copy(&from.join(folder), &to.join(folder), |_| true)?;
    }
    // Leaves out the programs, which are many and large.
    copy(&from.join("deps"), &to.join("deps"), is_library)
}

fn is_library(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| ["rlib", "rmeta", "so", "d"].contains(&extension))
}

fn copy(from: &Path, to: &Path, is_wanted: fn(&Path) -> bool) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))? {
        let entry = entry?;
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&path, &copied, is_wanted)?;
        } else if kind.is_file() && is_wanted(&path) {
            let modified = entry.metadata()?.modified()?;
            fs::copy(&path, &copied).with_context(|| format!("{} cannot be copied", path.display()))?;
            File::options().append(true).open(&copied)?.set_modified(modified)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_wanted_files_with_their_times() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("inner")).unwrap();
        let past = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
        for name in ["inner/a.rlib", "program"] {
            File::create(from.join(name)).unwrap().set_modified(past).unwrap();
        }
        copy(&from, &to, is_library).unwrap();
        assert_eq!(fs::metadata(to.join("inner/a.rlib")).unwrap().modified().unwrap(), past);
        assert!(!to.join("program").exists());
    }
}
