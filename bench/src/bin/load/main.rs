//! Loads the server of one machine with mixed traffic at a fixed rate, and judges its answers: `cargo xtask load`.
//!
//! The server is a process of its own, with its data in a folder. At the end it is killed, started again, and every acknowledged change is
//! compared. A load fails on a wrong answer, a lost change, a change that was made twice, on memory, files or data that grow, and on a
//! 95th percentile that is many times larger than that of the same requests without load, a few moments before. Limits in milliseconds
//! depend on the machine: `--judge ratios` only shows them.

mod catalogue;
mod client;
mod drive;
mod latencies;
mod plan;
mod results;
mod trainers;
mod verify;
mod visitors;
mod watch;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use bench::child::{Binaries, Local};
use clap::{Parser, ValueEnum};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    client::Http,
    plan::{Growth, Plan},
    results::{Miss, Results},
    trainers::Trainer,
    verify::{Verified, verify},
    visitors::Visitors,
    watch::Watch,
};

/// The time after which a start counts as failed.
const START: Duration = Duration::from_secs(120);
/// So high that no visitor meets a limit: the server still counts every request.
const RATE_LIMITS: &str = "register=3600/1,login=3600/1,signin=3600/1,account=3600/1,password=3600/1,refresh=3600/1,write=3600/1,\
                           bulk=3600/1,logout=3600/1,failure=3600/1";

/// Loads the server of one machine with mixed traffic. Linux only, because it reads the server's memory from /proc.
#[derive(Debug, Parser)]
#[command(name = "load", version)]
struct Options {
    /// The length of the load in seconds [default: 600, and 3600 with --soak]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(10..=14_400))]
    seconds: Option<u64>,
    /// Requests per second [default: that of bench/load.json]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(10..=2_000))]
    rate: Option<u32>,
    /// A long load, during which memory must stay flat
    #[arg(long)]
    soak: bool,
    /// The limits that the result must keep
    #[arg(long, value_enum, default_value_t = Judge::All)]
    judge: Judge,
    /// File for the results [default: load.json in the target directory]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Options {
    fn seconds(&self) -> u64 {
        self.seconds.unwrap_or(if self.soak { 3_600 } else { 600 })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Judge {
    /// Every limit
    All,
    /// Every limit except milliseconds; a busy machine has several attempts to keep the ratios and shares
    Ratios,
}

impl Judge {
    /// Whether a miss fails the load.
    fn fails(self, miss: &Miss) -> bool {
        self == Self::All || !matches!(miss, Miss::Milliseconds(_))
    }
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<bool> {
    ensure!(cfg!(target_os = "linux"), "the server's memory is read from /proc: run this on Linux");
    let plan = Plan::read()?;
    let growth = if options.soak { plan.soak } else { plan.load };
    let binaries = Binaries::find()?;
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    // The load has one core, the server the others.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;

    let server = start(&binaries, &data)?;
    let visitors = Arc::new(runtime.block_on(Visitors::arrive(plan, &server.url))?);
    let (mut result, misses) =
        attempts(options, growth, &runtime, &visitors, (server.process.id(), data.as_path()))?;
    // Without a warning, as `kill -9` does: an acknowledged change is already stored.
    drop(server);
    let visitors = Arc::into_inner(visitors).ok_or_else(|| anyhow!("a visitor is still there"))?;
    let verified = compare(&binaries, &data, &runtime, visitors.leave().into_all())?;

    result["verified"] =
        json!({"changes": verified.changes, "accounts": verified.accounts, "wrong": verified.wrong.len()});
    let file = options.json.clone().unwrap_or_else(|| binaries.target().join("load.json"));
    fs::write(&file, format!("{result:#}\n"))
        .with_context(|| format!("{} cannot be written", file.display()))?;
    println!("written to {}", file.display());
    verified.wrong.iter().for_each(|why| println!("LOST: {why}"));
    println!("{} acknowledged changes of {} accounts compared", verified.changes, verified.accounts);
    for miss in &misses {
        let mark = if options.judge.fails(miss) { "MISSED" } else { "not judged here" };
        let (Miss::Broken(why) | Miss::Ratio(why) | Miss::Milliseconds(why)) = miss;
        println!("{mark}: {why}");
    }
    Ok(verified.wrong.is_empty() && !misses.iter().any(|miss| options.judge.fails(miss)))
}

/// Loads the server until the ratios are kept, at most as often as the plan says. Returns the last result, and its misses. A load that
/// misses another limit is not repeated, nor one that judges milliseconds.
fn attempts(
    options: &Options,
    growth: Growth,
    runtime: &Runtime,
    visitors: &Arc<Visitors>,
    (process, data): (u32, &Path),
) -> Result<(Value, Vec<Miss>)> {
    let plan = &visitors.plan;
    let (seconds, rate) = (options.seconds(), options.rate.unwrap_or(plan.rate));
    let most = if options.judge == Judge::Ratios { plan.attempts.max(1) } else { 1 };
    let mut attempt = 1;
    loop {
        let seed = plan.seed + u64::from(attempt);
        println!("{rate} requests a second for {seconds} s, attempt {attempt} of {most}");
        let unloaded = drive::unloaded(runtime, visitors, seed)?;
        visitors.http.take_statuses();
        let watch = Watch::start(process, data)?;
        let loaded = drive::load(runtime, visitors, (seconds, rate), seed)?;
        let (readings, statuses) = (watch.stop()?, visitors.http.take_statuses());
        let results = Results::of((plan, growth), &unloaded, &loaded, statuses, readings);
        print!("{}", results.table());
        let misses = results.misses();
        let is_slow_alone = misses.iter().any(|miss| matches!(miss, Miss::Ratio(_)))
            && !misses.iter().any(|miss| matches!(miss, Miss::Broken(_)));
        if !is_slow_alone || attempt == most {
            let mut result = results.json();
            result["seconds"] = seconds.into();
            result["rate"] = rate.into();
            return Ok((result, misses));
        }
        attempt += 1;
    }
}

fn start(binaries: &Binaries, data: &Path) -> Result<Local> {
    let mut command = Command::new(binaries.local());
    Local::start(command.args(["--rate-limits", RATE_LIMITS, "--data"]).arg(data), START)
}

/// Starts the server again on the same folder, and compares every account with it.
fn compare(binaries: &Binaries, data: &Path, runtime: &Runtime, trainers: Vec<Trainer>) -> Result<Verified> {
    let admin = trainers.first().context("an account")?;
    let mut grant = Command::new(binaries.local());
    let granted =
        grant.arg("--data").arg(data).args(["admin", "grant", &admin.name]).stdin(Stdio::null()).output()?;
    ensure!(
        granted.status.success(),
        "the role of an administrator: {}",
        String::from_utf8_lossy(&granted.stderr)
    );
    let server = start(binaries, data)?;
    runtime.block_on(async {
        let http = Http::new(&server.url);
        let verified = verify(&http, trainers).await?;
        let statuses = http.take_statuses();
        ensure!(statuses.keys().all(|status| *status < 500), "after the restart: {statuses:?}");
        anyhow::Ok(verified)
    })
}
