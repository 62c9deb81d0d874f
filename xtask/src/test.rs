//! `cargo xtask test`: runs every check that CI runs, in order, each to its end, then prints one table.

mod ahead;
mod components;
mod contract;
mod dependencies;
mod deployment;
mod hygiene;
mod iam;
mod load;
mod readme;
mod reproducible;
mod scan;
mod stages;
mod store;
mod table;

use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use clap::builder::PossibleValuesParser;

use ahead::Ahead;
pub use scan::sarif as templates_as_sarif;
use stages::{Context, STAGES, Stage};

use crate::cargo::target;
use crate::finding::{Finding, Outcome, Report};
use crate::scorecard;

#[derive(clap::Args)]
pub struct Options {
    /// Run this stage only (may be repeated)
    #[arg(long, value_name = "STAGE", value_parser = PossibleValuesParser::new(STAGES.iter().map(|stage| stage.name)))]
    only: Vec<String>,
    /// Run the full counts where CI runs smaller ones; each stage prints its own
    #[arg(long)]
    full: bool,
    /// List the stages without running any
    #[arg(long)]
    list: bool,
}

impl Options {
    pub fn only(stage: &str) -> Self {
        Self { only: vec![stage.to_owned()], full: false, list: false }
    }
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    if options.list {
        for stage in STAGES {
            println!("{:<22}{}", stage.name, stage.what);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut reports = Vec::new();
    let mut ahead = None;
    for stage in STAGES {
        if options.only.is_empty() || options.only.iter().any(|name| name == stage.name) {
            if options.only.is_empty() && stage.name == stages::RELEASE_BUILD_STARTS {
                start_release_build();
            }
            if options.only.is_empty() && stage.name == stages::REHEARSAL_STARTS {
                ahead = start_rehearsal(options.full);
            }
            let report = match ahead.take_if(|ahead: &mut Ahead| ahead.is(stage.name)) {
                Some(ahead) => timed(stage, || ahead.finish()),
                None => report(stage, Context { earlier: &reports, full: options.full }),
            };
            reports.push(report);
        }
    }
    print!("\n{}", table::render(&reports));
    for line in foot(&reports) {
        println!("{line}");
    }
    let failed: Vec<&str> = reports
        .iter()
        .filter(|report| matches!(report.finding.outcome, Outcome::Failed(_)))
        .map(|report| report.stage)
        .collect();
    let results = target().join("test-results.json");
    fs::create_dir_all(target())?;
    fs::write(&results, format!("{:#}\n", table::json(&reports)))?;
    println!("results: {}", results.display());
    if options.only.is_empty() {
        println!("scorecard: {}", scorecard::write(&reports)?.display());
    }
    if !failed.is_empty() {
        println!("FAILED: {}", failed.join(", "));
    }
    println!("{}", table::sum(&reports));
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn start_release_build() {
    if let Err(error) = deployment::start_release_build() {
        eprintln!("the release build starts later: {error:#}");
    }
}

fn start_rehearsal(full: bool) -> Option<Ahead> {
    let started = deployment::start_rehearsal(stages::REHEARSAL, full);
    started.unwrap_or_else(|error| {
        eprintln!("the rehearsal starts later: {error:#}");
        None
    })
}

fn report(stage: &Stage, context: Context<'_>) -> Report {
    timed(stage, || (stage.run)(&context))
}

fn timed(stage: &Stage, run: impl FnOnce() -> anyhow::Result<Finding>) -> Report {
    eprintln!("\n=== {}: {}", stage.name, stage.what);
    let start = Instant::now();
    let finding = run().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")).into());
    match &finding.outcome {
        Outcome::Passed => {}
        Outcome::Failed(why) => eprintln!("=== {} FAILED: {why}", stage.name),
        Outcome::Skipped(why) => eprintln!("=== {} SKIPPED: {why}", stage.name),
    }
    Report { stage: stage.name, finding, took: start.elapsed() }
}

fn foot(reports: &[Report]) -> Vec<String> {
    let mut lines: Vec<String> = store::line(reports).into_iter().collect();
    let tests_ran = reports.iter().any(|report| report.stage == stages::TESTS);
    if tests_ran && env::var_os("POKEAPI_MIRROR").is_none_or(|mirror| mirror.is_empty()) {
        lines.push(
            "The full-data sync tests did not run: POKEAPI_MIRROR is not set. To run them: \
             POKEAPI_MIRROR=<absolute path of a PokeAPI mirror program> cargo xtask test --only build --only tests"
                .to_owned(),
        );
    }
    lines
}
