//! Runs `cargo test`, passes its output on and counts the tests.

use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::{ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::time::Duration;
use std::{fs, iter, thread};

use anyhow::{Context, ensure};

use crate::cargo::cargo;

use crate::finding::{Finding, Outcome};
use crate::tally::Tally;

/// The variable that names the engine for the store suite; if it is unset, the suite starts the embedded one.
const ENGINE: &str = "POKEDEX_TEST_ENGINE";

/// The tests that run at the same time, for each core.
const TESTS_PER_CORE: usize = 2;

/// The damaged events that the door must answer: usually, and in full, which takes four minutes more.
const DAMAGED_EVENTS: [u32; 2] = [25_000, 100_000];

/// The variable that names the folder into which tests write figures for the scorecard, a file for each.
const FIGURES: &str = "POKEDEX_FIGURES";

/// Runs all tests of the workspace except those that need a tool besides Rust, which have their own stages. Tests write their figures
/// into the folder `figures`.
pub fn whole(full: bool, figures: &Path) -> anyhow::Result<Finding> {
    if figures.exists() {
        fs::remove_dir_all(figures)?;
    }
    fs::create_dir_all(figures)?;
    run(all(full).env(FIGURES, figures))
}

/// The command of [`whole`].
pub fn all(full: bool) -> Command {
    let elsewhere = ["--", "--skip", "runtime::", "--skip", "watch::"];
    let mut test = cargo(["test", "--workspace", "--locked", "--no-fail-fast"]);
    let events = DAMAGED_EVENTS[usize::from(full)];
    println!("{events} damaged events are sent; {} with --full", DAMAGED_EVENTS[1]);
    test.env("POKEDEX_DAMAGED_EVENTS", events.to_string());
    test.args(elsewhere).env_remove(ENGINE);
    test
}

/// The command that builds the test programs, and runs none.
pub fn binaries() -> Command {
    cargo(["test", "--workspace", "--locked", "--no-run"])
}

/// Runs the store suite, on the engine at `url` or on the embedded one.
pub fn store(url: Option<&str>) -> anyhow::Result<Finding> {
    let mut command = store_suite();
    match url {
        Some(url) => command.env(ENGINE, url),
        None => command.env_remove(ENGINE),
    };
    run(&mut command)
}

/// The number of tests of the store suite.
pub fn count_store() -> anyhow::Result<usize> {
    let output = store_suite().args(["--", "--list", "--format", "terse"]).output()?;
    ensure!(output.status.success(), "the store suite cannot be listed: {}", output.status);
    Ok(String::from_utf8(output.stdout)?.lines().filter(|line| line.ends_with(": test")).count())
}

fn store_suite() -> Command {
    // `--workspace` instead of `-p tests`, whose features differ: half of the dependencies would be built again.
    cargo(["test", "--workspace", "--test", "house", "--locked", "store::"])
}

/// Runs a `cargo test`, passes its output on and counts its tests.
pub fn run(command: &mut Command) -> anyhow::Result<Finding> {
    // Most tests wait most of the time, for a process or a clock: two for each core use a third of the processor.
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    command.env("RUST_TEST_THREADS", (TESTS_PER_CORE * cores).to_string());
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let output = child.stdout.take().context("cargo has no output")?;
    let (counter, tallies) = mpsc::channel();
    thread::spawn(move || pass_on(output, &counter));
    let status = child.wait()?;
    // Does not wait for the end of the output: a server that a test left running would keep it open indefinitely.
    let tally = iter::from_fn(|| tallies.recv_timeout(Duration::from_secs(1)).ok()).sum();
    Ok(Finding { outcome: judge(tally, status), tally: Some(tally) })
}

fn pass_on(output: ChildStdout, counter: &Sender<Tally>) -> io::Result<()> {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        if let Some(tally) = Tally::of_line(&String::from_utf8_lossy(&line)) {
            // The receiver is gone only when the count has ended.
            let _ = counter.send(tally);
        }
        io::stdout().write_all(&line)?;
        io::stdout().flush()?;
        line.clear();
    }
    Ok(())
}

fn judge(tally: Tally, status: ExitStatus) -> Outcome {
    if tally.failed > 0 {
        Outcome::Failed(format!("{} of {} tests", tally.failed, tally.ran()))
    } else if !status.success() {
        Outcome::Failed(format!("cargo ended with {status} (build error or crash)"))
    } else if tally.ignored > 0 {
        Outcome::Failed(format!("{} ignored", tally.ignored))
    } else if tally.ran() == 0 {
        Outcome::Failed("no test ran".to_owned())
    } else {
        Outcome::Passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(tally: Tally, success: bool) -> Option<String> {
        // `true` and `false` are the simplest portable way to create an `ExitStatus`.
        let status = Command::new(if success { "true" } else { "false" }).status().unwrap();
        match judge(tally, status) {
            Outcome::Failed(why) => Some(why),
            _ => None,
        }
    }

    #[test]
    fn only_a_run_in_which_some_test_ran_and_all_passed_passes() {
        let good = Tally { passed: 5, ..Tally::default() };
        assert_eq!(failed(good, true), None);
        assert!(failed(good, false).unwrap().contains("crash"));
        assert!(failed(Tally { failed: 2, ..good }, false).unwrap().starts_with("2 of 7 tests"));
        assert!(failed(Tally { ignored: 1, ..good }, true).unwrap().starts_with("1 ignored"));
        assert!(failed(Tally::default(), true).unwrap().contains("no test ran"));
    }
}
