//! Advisories about the actions of workflows: the database of GitHub, and GitHub's own list of the commits of each action.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs, io};

use anyhow::{Context as _, ensure};

use crate::cargo::{root, status};

use super::verdict::{Answer, Verdict};

/// The variables from which zizmor reads GitHub's token.
const TOKENS: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];

/// The folder of workflows and actions.
const FOLDER: &str = ".github";

/// Asks about every action, and whether each pinned commit belongs to the action's repository. zizmor prints its findings.
pub fn ask(programs: &Path) -> anyhow::Result<Answer> {
    let verdict = if has_token() {
        of_status(status(zizmor(programs).arg(FOLDER).stdout(io::stderr()))?.code())
    } else {
        Verdict::Unreachable("GH_TOKEN has no token of GitHub".to_owned())
    };
    Ok(Answer { database: "GitHub", file: FOLDER.to_owned(), verdict, accepted: Vec::new() })
}

/// Returns the meaning of zizmor's exit status: it ends with 11 to 14 after findings, by their severity.
fn of_status(code: Option<i32>) -> Verdict {
    match code {
        Some(0) => Verdict::Clean,
        Some(11..=14) => Verdict::Found(vec!["zizmor reports findings, see above".to_owned()]),
        _ => Verdict::Unreachable("zizmor cannot ask GitHub, see above".to_owned()),
    }
}

/// Writes the findings as SARIF, without a token those that need no answer of GitHub.
pub fn write_sarif(programs: &Path, path: &Path) -> anyhow::Result<()> {
    let offline: &[&str] = if has_token() { &[] } else { &["--offline"] };
    let mut check = zizmor(programs);
    check.args(["--format", "sarif"]).args(offline).arg(FOLDER);
    let output = check.stderr(Stdio::inherit()).output().context("zizmor does not start")?;
    ensure!(output.stdout.starts_with(b"{"), "zizmor ended with {} and wrote no SARIF", output.status);
    Ok(fs::write(path, output.stdout)?)
}

fn zizmor(programs: &Path) -> Command {
    let mut zizmor = Command::new(programs.join("zizmor"));
    zizmor.args(["--persona=pedantic", "--no-progress"]).current_dir(root()).stdin(Stdio::null());
    zizmor
}

fn has_token() -> bool {
    TOKENS.iter().any(|name| env::var_os(name).is_some_and(|token| !token.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_status_of_a_complete_check_without_findings_is_clean() {
        assert_eq!(of_status(Some(0)), Verdict::Clean);
        assert!(matches!(of_status(Some(13)), Verdict::Found(_)));
        assert!(!of_status(Some(1)).was_reached() && !of_status(None).was_reached());
    }
}
