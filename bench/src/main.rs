//! Measures the cost of the product in one run: `cargo xtask bench`.
//!
//! * [`index`]: the dex index, its size and what loading it costs.
//! * [`handler`]: a request in this process, without HTTP.
//! * [`server`]: a request over HTTP, against the Flask Pokédex that this one replaces.
//! * [`start`]: the time until `local` is ready, and its memory.
//! * [`cold`]: the time from the start of a function's process to its first answer, against a function that does nothing and one in Python.
//! * [`sync`]: a sync from a mirror of PokeAPI, if `POKEAPI_MIRROR` names one.
//!
//! CPU time is the decisive figure: it is nearly the same on a busy machine. Wall-clock times are reported only for information. A missed
//! target is shown in the table and fails nothing.

mod accounts;
mod client;
mod cold;
mod effort;
mod handler;
mod index;
mod report;
mod server;
mod start;
mod sync;
mod timing;

use std::{path::PathBuf, process::ExitCode, time::Instant};

use anyhow::{Context as _, Result, ensure};
use bench::{child::Binaries, machine};
use clap::{Parser, ValueEnum};

use crate::{effort::Effort, report::Report};

/// Measures the cost of the product. Linux only, because it reads other processes from /proc.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Options {
    /// Fewer rounds and requests: for a quick look, not for the record
    #[arg(long)]
    quick: bool,
    /// Run this measurement only (may be repeated)
    #[arg(long, value_name = "WHAT")]
    only: Vec<What>,
    /// File for the results [default: bench/results.json in the target directory]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Index,
    Handler,
    Accounts,
    Server,
    Start,
    Cold,
    Sync,
}

type Measure = fn(&Binaries, &Effort, &mut Report) -> Result<()>;

/// Measures the index first: its memory is easiest to measure in a process that has done no other work.
const MEASURES: [(What, Measure); 7] = [
    (What::Index, index::measure),
    (What::Handler, handler::measure),
    (What::Accounts, accounts::measure),
    (What::Server, server::measure),
    (What::Start, start::measure),
    (What::Cold, cold::measure),
    (What::Sync, sync::measure),
];

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "other processes are read from /proc: run this on Linux");
    let binaries = Binaries::find()?;
    let effort = if options.quick { Effort::QUICK } else { Effort::FULL };
    let mut report = Report::new(options.quick, machine::busy()?);
    for (what, measure) in MEASURES {
        if !options.only.is_empty() && !options.only.contains(&what) {
            continue;
        }
        let started = Instant::now();
        eprint!("{what:?} … ");
        measure(&binaries, &effort, &mut report).with_context(|| format!("{what:?} cannot be measured"))?;
        eprintln!("{:.0} s", started.elapsed().as_secs_f64());
    }
    print!("\n{}", report.table());
    let file = options.json.clone().unwrap_or_else(|| binaries.target().join("bench/results.json"));
    report.write(&file).with_context(|| format!("{} cannot be written", file.display()))?;
    eprintln!("\nwritten to {}", file.display());
    Ok(())
}
