//! Counts the instructions that functions need to start and to answer, with callgrind and the release build of their program. Unlike times,
//! the counts are the same on a busy machine. They must be within 2 % of `bench/instructions.json`, and below the design's targets.
//!
//! `instructions PROGRAM [--write]`; `cargo xtask test --only cold-start` builds the program first.

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

/// Counts the instructions of functions.
#[derive(Parser)]
struct Options {
    /// The release build of the functions' program
    program: PathBuf,
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

/// Each function with its maximum counts. ADR 11 explains why a warm request may take more than
/// originally planned.
const FUNCTIONS: [(&str, Counts); 2] = [
    ("get-pokemon", Counts { init: 1_600_000, cold: 6_000_000, warm: 900_000 }),
    // Its start loads the index, and it queries favorites.
    ("list-pokemon", Counts { init: 8_800_000, cold: 11_000_000, warm: 1_250_000 }),
];
/// The maximum size of the program, in bytes.
const SIZE: u64 = 25_000_000;
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
        let counted = threads.block_on(count_all(&options.program))?;
        fs::write(&file, format!("{:#}\n", serde_json::to_value(&counted)?))?;
        println!("written to {}", file.display());
        return Ok(true);
    }
    let known: BTreeMap<String, Counts> = serde_json::from_str(&fs::read_to_string(&file)?)?;
    for attempt in 1..=ATTEMPTS {
        match threads.block_on(count_all(&options.program)) {
            Ok(counted) if holds(options, &counted, &known)? => return Ok(true),
            Ok(_) => {}
            // A time-out of the program's client also fails a request.
            Err(error) => println!("not counted: {error:#}"),
        }
        println!("attempt {attempt} of {ATTEMPTS}");
    }
    println!("after an intended change, run again with --write; a count above its maximum always fails");
    Ok(false)
}

/// Prints every count beside the stored one, and whether all of them are within their limits.
fn holds(
    options: &Options,
    counted: &BTreeMap<&'static str, Counts>,
    known: &BTreeMap<String, Counts>,
) -> Result<bool> {
    let mut good = true;
    for (name, most) in FUNCTIONS {
        let (now, then) = (counted[name], known.get(name).context("a function has no stored counts")?);
        let rows = [
            ("init", now.init, then.init, most.init),
            ("cold", now.cold, then.cold, most.cold),
            ("warm", now.warm, then.warm, most.warm),
        ];
        for (what, now, then, most) in rows {
            let change = now as f64 / then as f64 - 1.0;
            let held = change.abs() <= TOLERANCE && now <= most;
            good &= held;
            let verdict = if held { "" } else { "  FAILED" };
            println!(
                "{name:<14}{what:<6}{now:>12}  {:+.2} % of {then}, at most {most}{verdict}",
                change * 100.0
            );
        }
    }
    let size = fs::metadata(&options.program)?.len();
    let verdict = if size <= SIZE { "" } else { "  FAILED" };
    println!("{:<14}size  {size:>12}  bytes, at most {SIZE}{verdict}", "program");
    Ok(good && size <= SIZE)
}

async fn count_all(program: &Path) -> Result<BTreeMap<&'static str, Counts>> {
    ensure!(program.exists(), "{} does not exist", program.display());
    let surroundings = Surroundings::start().await?;
    let mut all = BTreeMap::new();
    for (name, _) in FUNCTIONS {
        let counter = Counter { program, name, event: event(name)?, surroundings: &surroundings };
        let (init, cold, more) =
            (counter.count(0).await?, counter.count(1).await?, counter.count(1 + MORE).await?);
        all.insert(name, Counts { init, cold, warm: more.saturating_sub(cold) / MORE as u64 });
    }
    surroundings.stop().await;
    Ok(all)
}
