//! `cargo xtask mutate`: shows that the drift tests detect changes. Each change of the table below is made in a copy of the repository, one
//! at a time, and must make the test named beside it fail.

mod changes;
mod edge;
mod recovery;
mod releases;
mod watch;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use crate::cargo::{answers, cargo, root, target};
use crate::files::tracked;
use crate::finding::{Finding, Outcome};
use crate::tally::Tally;
use crate::tools::missing;

use changes::{CHANGES, COMPILED, Change, What};
use edge::OF_THE_EDGE;
use recovery::OF_RECOVERY;
use releases::OF_RELEASES;
use watch::OF_WATCH;

pub fn check() -> anyhow::Result<Finding> {
    // The copy contains the files that git lists.
    if !answers("git", "--version") || !root().join(".git").exists() {
        return Ok(missing("git repository").into());
    }
    let program = test_program()?;
    let copy = target().join("mutate");
    lay_out(&copy)?;
    // If a test fails without a change, a failure with a change proves nothing.
    let changes: Vec<&Change> =
        CHANGES.iter().chain(OF_RELEASES).chain(OF_THE_EDGE).chain(OF_WATCH).chain(OF_RECOVERY).collect();
    let tests: BTreeSet<&str> = changes.iter().map(|change| change.test).collect();
    for test in &tests {
        ensure!(passes(&program, &copy, test)?, "{test} fails without any change");
    }
    for test in drift_tests(&program)? {
        ensure!(
            tests.contains(test.as_str()) || COMPILED.contains(&test.as_str()),
            "no change shows that {test} sees anything"
        );
    }
    let mut unseen = 0;
    for &change in &changes {
        let before = apply(&copy, change)?;
        let caught = !passes(&program, &copy, change.test)?;
        match before {
            Some(before) => fs::write(copy.join(change.file), before)?,
            None => fs::remove_file(copy.join(change.file))?,
        }
        unseen += usize::from(!caught);
        println!(
            "{:<9} {:<70} {}",
            if caught { "caught" } else { "NOT SEEN" },
            change.to_string(),
            change.test
        );
    }
    let tally = Tally { passed: changes.len() - unseen, failed: unseen, ..Tally::default() };
    let outcome =
        if unseen == 0 { Outcome::Passed } else { Outcome::Failed(format!("{unseen} changes went unseen")) };
    Ok(Finding { outcome, tally: Some(tally) })
}

/// Builds the test program and returns its path.
fn test_program() -> anyhow::Result<PathBuf> {
    let build = ["test", "--workspace", "--test", "house", "--locked", "--no-run", "--message-format=json"];
    let output = cargo(build).stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo test --no-run ended with {}", output.status);
    let messages = String::from_utf8(output.stdout)?;
    // Each line is a JSON object; the path is the last value of the object that names the test `house`.
    let line = messages
        .lines()
        .find(|line| line.contains(r#""name":"house""#) && line.contains(r#""executable":""#));
    let path = line.and_then(|line| line.split(r#""executable":""#).nth(1)?.split('"').next());
    Ok(path.context("cargo names no test program")?.into())
}

/// Returns the names of all drift tests.
fn drift_tests(program: &Path) -> anyhow::Result<Vec<String>> {
    let list =
        Command::new(program).args(["house::", "--list", "--format=terse"]).stdin(Stdio::null()).output()?;
    ensure!(list.status.success(), "the test program lists no tests");
    let names = String::from_utf8(list.stdout)?;
    Ok(names.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// Copies every file that git lists.
fn lay_out(copy: &Path) -> anyhow::Result<()> {
    if copy.exists() {
        fs::remove_dir_all(copy)?;
    }
    for name in tracked()? {
        let (from, to) = (root().join(&name), copy.join(&name));
        fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
        fs::copy(from, to)?;
    }
    Ok(())
}

/// Makes the change and returns the previous content of the file; `None` if it did not exist.
fn apply(copy: &Path, change: &Change) -> anyhow::Result<Option<String>> {
    let path = copy.join(change.file);
    if let What::Create(text) = change.what {
        ensure!(!path.exists(), "{} exists", change.file);
        fs::write(&path, text)?;
        return Ok(None);
    }
    let before = fs::read_to_string(&path).with_context(|| change.file.to_owned())?;
    match change.what {
        What::Create(_) => {}
        What::Delete => fs::remove_file(&path)?,
        What::Replace(old, new) => {
            if !before.contains(old) {
                bail!("{} does not contain {old:?}: update the table of changes", change.file);
            }
            fs::write(&path, before.replacen(old, new, 1))?;
        }
        What::Fill(place, text, times) => {
            let (head, tail) = before.split_once(place).with_context(|| change.to_string())?;
            let filling: String = (0..times).map(|n| text.replace("{n}", &n.to_string())).collect();
            fs::write(&path, format!("{head}\n{filling}{place}{tail}"))?;
        }
    }
    Ok(Some(before))
}

fn passes(program: &Path, copy: &Path, filter: &str) -> anyhow::Result<bool> {
    let mut tests = Command::new(program);
    tests.arg(filter).env("POKEDEX_ROOT", copy).current_dir(root().join("tests"));
    let output = tests.stdin(Stdio::null()).output().context("cannot start the test program")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    ensure!(!printed.contains("running 0 tests"), "there is no test {filter}");
    Ok(output.status.success())
}
