//! Advisories about crates: RustSec's database, and versions that their authors have yanked.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

use anyhow::{Context as _, ensure};

use crate::cargo::{cargo, root, status};

use super::verdict::{Answer, Verdict};

/// Asks about Cargo.lock; `deny.toml` has the policy. cargo-deny prints its findings.
pub fn ask(programs: &Path) -> anyhow::Result<Answer> {
    // The check alone does not tell a missing database from a finding.
    let verdict = if !status(deny(programs).args(["fetch", "db"]))?.success() {
        Verdict::Unreachable("cargo-deny cannot fetch RustSec's database from GitHub, see above".to_owned())
    } else if status(deny(programs).args(["check", "advisories"]).stdout(io::stderr()))?.success() {
        Verdict::Clean
    } else {
        Verdict::Found(vec!["cargo-deny reports advisories, see above".to_owned()])
    };
    Ok(Answer { database: "RustSec", file: "Cargo.lock".to_owned(), verdict, accepted: Vec::new() })
}

/// Writes the findings as SARIF.
pub fn write_sarif(programs: &Path, path: &Path) -> anyhow::Result<()> {
    let mut check = deny(programs);
    check.args(["--format", "sarif", "check", "advisories", "licenses", "bans", "sources"]);
    let output = check.stderr(Stdio::inherit()).output().context("cargo-deny does not start")?;
    ensure!(output.stdout.starts_with(b"{"), "cargo-deny ended with {} and wrote no SARIF", output.status);
    Ok(fs::write(path, output.stdout)?)
}

fn deny(programs: &Path) -> Command {
    let mut deny = Command::new(programs.join("cargo-deny"));
    deny.arg("--locked").current_dir(root()).stdin(Stdio::null());
    // cargo-deny calls cargo for the tree, and must call the same cargo.
    deny.envs(cargo([] as [&str; 0]).get_envs().filter_map(|(name, value)| Some((name, value?))));
    deny
}
