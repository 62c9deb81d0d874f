//! The files of the repository.

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::cargo::root;

/// Returns every file of the repository that exists, without those that git ignores.
pub fn tracked() -> anyhow::Result<Vec<String>> {
    let mut list = Command::new("git");
    let list = list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = list.current_dir(root()).stderr(Stdio::inherit()).output().context("cannot start git")?;
    ensure!(output.status.success(), "git ls-files ended with {}", output.status);
    let names = String::from_utf8(output.stdout)?;
    let exists = |name: &&str| !name.is_empty() && root().join(name).is_file();
    Ok(names.split('\0').filter(exists).map(str::to_owned).collect())
}
