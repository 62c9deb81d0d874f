//! `cargo xtask …`: the project's commands.

mod audit;
mod build;
mod cargo;
mod checklist;
mod coverage;
mod dast;
mod dynamodb_local;
mod files;
mod finding;
mod mutate;
mod pass_through;
mod sbom;
mod scorecard;
mod suite;
mod tally;
mod test;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use pass_through::Rest;

/// The project's commands. Paths are relative to the root of the repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every check that CI runs and print one table of results
    Test(test::Options),
    /// Show that the drift tests fail when files change, one change at a time in a copy: `test --only mutate`
    Mutate,
    /// Deploy to an AWS emulator on this machine and test the deployment: `test --only rehearsal`
    Rehearse,
    /// Write the bundled snapshot from a synced catalogue (arguments go to `local`'s `snapshot`)
    #[command(disable_help_flag = true)]
    Snapshot(Rest),
    /// Build with the `measure` profile and measure (arguments go to `bench`)
    #[command(disable_help_flag = true)]
    Bench(Rest),
    /// Load the local server with mixed traffic and judge its answers, latencies and memory (arguments go to `load`)
    #[command(disable_help_flag = true)]
    Load(Rest),
    /// Measure the share of lines that the tests execute, and compare it with its floor
    Coverage(coverage::Options),
    /// Print the figures of the last `cargo xtask test`, compared with those of another commit: `--against FILE`
    Scorecard(scorecard::Options),
    /// Write every file that the tables of routes and jobs determine; with `--record`, run the functions first and record their accesses
    #[command(disable_help_flag = true)]
    Generate(Rest),
    /// Build the functions' program for a deployment: for arm64, or for x86_64 with `--x86-64`
    Build(build::Options),
    /// List the components of the functions' program, in CycloneDX
    Sbom(sbom::Options),
    /// Ask the databases of advisories about every dependency
    Audit(audit::Options),
    /// Attack the local server with a scanner of web applications
    Dast,
    /// Deploy every stack of an environment, prove that it works, and roll back if it does not
    #[command(disable_help_flag = true)]
    Deploy(Rest),
    /// Deploy to one environment what is live in another, without building it again
    #[command(disable_help_flag = true)]
    Promote(Rest),
    /// Move every alias of an environment back to the release that was live before
    #[command(disable_help_flag = true)]
    Rollback(Rest),
    /// Bring the stored accounts of an environment to another version of their shape
    #[command(disable_help_flag = true)]
    Migrate(Rest),
    /// Back up the accounts of an environment now
    #[command(disable_help_flag = true)]
    Backup(Rest),
    /// Return the accounts of an environment to an earlier moment, and make again what users did since
    #[command(disable_help_flag = true)]
    Restore(Rest),
    /// Restore a copy of the accounts of an environment, verify it, delete it, and judge the times
    #[command(disable_help_flag = true)]
    Drill(Rest),
    /// Replace the value of X-Origin-Verify, without a refused request
    #[command(disable_help_flag = true)]
    RotateOrigin(Rest),
    /// Use a deployment as its clients do, and leave nothing behind
    #[command(disable_help_flag = true)]
    Smoke(Rest),
    /// Delete the versions of functions that no recent release needs
    #[command(disable_help_flag = true)]
    Prune(Rest),
    /// Make the bundled snapshot the catalogue of an environment that has none
    #[command(disable_help_flag = true)]
    Seed(Rest),
    /// Run the commands of a checklist, and ask a person for the rest
    Checklist(checklist::Options),
    /// Report the resources of an environment that were changed by hand
    #[command(disable_help_flag = true)]
    Drift(Rest),
    /// Check that every alarm of an environment exists, tells somebody, and is silent
    #[command(disable_help_flag = true)]
    Alarms(Rest),
    /// Print the costs that the model expects, beside those of another commit (`--against FILE`) or a bill (`--bill FILE`)
    #[command(disable_help_flag = true)]
    Cost(Rest),
    /// Create or delete the environment of a branch
    #[command(disable_help_flag = true)]
    Env(Rest),
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Test(options) => test::run(&options),
        Command::Mutate => test::run(&test::Options::only("mutate")),
        Command::Rehearse => test::run(&test::Options::only("rehearsal")),
        Command::Snapshot(rest) => pass_through::snapshot(&rest),
        Command::Bench(rest) => pass_through::bench(&rest),
        Command::Load(rest) => pass_through::load(&rest),
        Command::Coverage(options) => coverage::run(&options),
        Command::Scorecard(options) => scorecard::run(&options),
        Command::Generate(rest) => pass_through::generate(&rest),
        Command::Build(options) => build::run(&options),
        Command::Sbom(options) => sbom::run(&options),
        Command::Audit(options) => audit::run(&options),
        Command::Dast => dast::run(),
        Command::Deploy(rest) => pass_through::deploy("deploy", &rest),
        Command::Promote(rest) => pass_through::deploy("promote", &rest),
        Command::Rollback(rest) => pass_through::deploy("rollback", &rest),
        Command::Migrate(rest) => pass_through::deploy("migrate", &rest),
        Command::Backup(rest) => pass_through::deploy("backup", &rest),
        Command::Restore(rest) => pass_through::deploy("restore", &rest),
        Command::Drill(rest) => pass_through::deploy("drill", &rest),
        Command::RotateOrigin(rest) => pass_through::deploy("rotate-origin", &rest),
        Command::Smoke(rest) => pass_through::deploy("smoke", &rest),
        Command::Prune(rest) => pass_through::deploy("prune", &rest),
        Command::Seed(rest) => pass_through::deploy("seed", &rest),
        Command::Checklist(options) => checklist::run(&options),
        Command::Drift(rest) => pass_through::deploy("drift", &rest),
        Command::Alarms(rest) => pass_through::deploy("alarms", &rest),
        Command::Cost(rest) => pass_through::cost(&rest),
        Command::Env(rest) => pass_through::deploy("env", &rest),
    }
}
