//! Counts the instructions that the functions' release binaries need to start and to answer, with callgrind. Unlike times, the counts are
//! the same on a busy machine. They must be within 2 % of `bench/instructions.json`, and below the design's targets.
//!
//! `instructions RELEASE_FOLDER [--write]`; `cargo xtask test --only cold-start` builds the binaries first.

mod count;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, ensure};
use bench::surroundings::{Surroundings, event};
use clap::Parser;
use serde::{Deserialize, Serialize};

use count::Counter;

/// Counts the instructions of the functions' release binaries.
#[derive(Parser)]
struct Options {
    /// Folder with the binaries
    folder: PathBuf,
    /// Write the counts instead of comparing them with the stored ones
    #[arg(long)]
    write: bool,
}

/// The instructions of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    /// From the start of the process until it requests its first event.
    init: u64,
    /// From the start of the process until its first answer, over TLS.
    cold: u64,
    /// For each further request.
    warm: u64,
}

/// Each function with its maximum counts and the maximum size of its binary in bytes. ADR 11 explains why a warm request may take more than
/// originally planned.
const FUNCTIONS: [(&str, Option<Counts>, u64); 2] = [
    ("get-pokemon", Some(Counts { init: 1_600_000, cold: 6_000_000, warm: 900_000 }), 6_100_000),
    // Its start loads the index, and it queries favorites.
    ("list-pokemon", Some(Counts { init: 8_700_000, cold: 11_000_000, warm: 1_300_000 }), 6_500_000),
];
/// The tolerated difference between a count and the stored one.
const TOLERANCE: f64 = 0.02;
/// The number of attempts before the counts fail. Callgrind makes a program some fifty times slower: on a slow machine, a time-out of its
/// client occasionally fires, and the instructions that handle it are counted as well.
const ATTEMPTS: usize = 5;
/// The number of requests after the first, which separates the cost of one request from that of the start.
const MORE: usize = 10;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("instructions: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<bool> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json");
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if options.write {
        let counted = threads.block_on(count_all(&options.folder))?;
        fs::write(&file, format!("{:#}\n", serde_json::to_value(&counted)?))?;
        println!("written to {}", file.display());
        return Ok(true);
    }
    let known: BTreeMap<String, Counts> = serde_json::from_str(&fs::read_to_string(&file)?)?;
    for attempt in 1..=ATTEMPTS {
        match threads.block_on(count_all(&options.folder)) {
            Ok(counted) if holds(options, &counted, &known)? => return Ok(true),
            Ok(_) => {}
            // A time-out of the program's client also fails a request.
            Err(error) => println!("not counted: {error:#}"),
        }
        println!("attempt {attempt} of {ATTEMPTS}");
    }
    println!("a change of counts that is meant is written down with --write; what is above a target is not");
    Ok(false)
}

/// Prints every count beside the stored one, and whether all of them are within their limits.
fn holds(
    options: &Options,
    counted: &BTreeMap<&'static str, Counts>,
    known: &BTreeMap<String, Counts>,
) -> Result<bool> {
    let mut good = true;
    for (name, target, most_bytes) in FUNCTIONS {
        let (now, then) = (counted[name], known.get(name).context("a function is not written down yet")?);
        let target = target.map_or([None; 3], |most| [Some(most.init), Some(most.cold), Some(most.warm)]);
        let rows =
            [("init", now.init, then.init), ("cold", now.cold, then.cold), ("warm", now.warm, then.warm)];
        for ((what, now, then), target) in rows.into_iter().zip(target) {
            let change = now as f64 / then as f64 - 1.0;
            let held = change.abs() <= TOLERANCE && target.is_none_or(|most| now <= most);
            good &= held;
            let target = target.map_or(String::new(), |most| format!(", at most {most}"));
            let verdict = if held { "" } else { "  FAILED" };
            println!("{name:<14}{what:<6}{now:>12}  {:+.2} % of {then}{target}{verdict}", change * 100.0);
        }
        let size = fs::metadata(options.folder.join(name))?.len();
        let held = size <= most_bytes;
        good &= held;
        let verdict = if held { "" } else { "  FAILED" };
        println!("{name:<14}size  {size:>12}  bytes, at most {most_bytes}{verdict}");
    }
    Ok(good)
}

async fn count_all(folder: &Path) -> Result<BTreeMap<&'static str, Counts>> {
    let surroundings = Surroundings::start().await?;
    let mut all = BTreeMap::new();
    for (name, ..) in FUNCTIONS {
        let program = folder.join(name);
        ensure!(program.exists(), "{} is not there", program.display());
        let counter = Counter { program, event: event(name)?, surroundings: &surroundings };
        let (init, cold, more) =
            (counter.count(0).await?, counter.count(1).await?, counter.count(1 + MORE).await?);
        all.insert(name, Counts { init, cold, warm: more.saturating_sub(cold) / MORE as u64 });
    }
    surroundings.stop().await;
    Ok(all)
}
