//! The command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand};
use deploy::release::Options;
use domain::{Timestamp, accounts::UserId};

/// Releases: deploy, prove, roll back. Every command may be run again after it was interrupted.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Deploy every stack of an environment, prove that it works, and roll back if it does not
    Deploy {
        /// dev, staging, prod, or f- and the name of a branch's environment
        environment: String,
        /// The functions' program, which `cargo xtask build` builds
        #[arg(long, default_value = "target/lambda/functions/bootstrap")]
        program: PathBuf,
        #[command(flatten)]
        region: Region,
        #[command(flatten)]
        how: How,
    },
    /// Deploy to one environment what is live in another, without building it again
    Promote {
        #[arg(default_value = "staging")]
        from: String,
        #[arg(default_value = "prod")]
        to: String,
        /// The name of the release to promote, instead of the live one
        #[arg(long)]
        release: Option<String>,
        /// The repository at GitHub whose workflow must have built the program; `gh` verifies its attestations
        #[arg(long, value_name = "OWNER/NAME")]
        attested: Option<String>,
        #[command(flatten)]
        region: Region,
        #[command(flatten)]
        how: How,
    },
    /// Move every alias back to the release that was live before
    Rollback {
        environment: String,
        /// The name of the release to return to, instead of the one before
        #[arg(long)]
        to: Option<String>,
        /// Undo the last deployment if it failed or was interrupted, and otherwise change nothing
        #[arg(long, conflicts_with = "to")]
        if_failed: bool,
        #[command(flatten)]
        accept: Accept,
        /// Show the releases, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Bring the stored accounts to another version of their shape, after a backup; the live release must serve with it
    Migrate {
        environment: String,
        /// The version, up or down; the highest one of the live release if absent
        #[arg(long, value_name = "VERSION")]
        to: Option<u32>,
        /// Show the versions, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Back up the accounts now, as before a risky change
    Backup { environment: String },
    /// Return the accounts of staging or prod to an earlier moment, and make again what users did since
    Restore(Restore),
    /// Restore a copy of the accounts, verify it, delete it, and compare the times with what operation promises
    Drill {
        environment: String,
        /// In staging: return to the release before and back, and let the copy take the place of the table
        #[arg(long)]
        switch: bool,
        /// Restore a backup of now, instead of the latest moment to which the table can return
        #[arg(long)]
        from_backup: bool,
    },
    /// Replace the value of X-Origin-Verify, without a refused request
    RotateOrigin {
        environment: String,
        /// Deploy outside of the environment's window; the reason is recorded
        #[arg(long = "override", value_name = "REASON")]
        reason: Option<String>,
        /// Show the next step, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Use a deployment as its clients do, and leave nothing behind
    Smoke {
        /// The address without a path, such as http://127.0.0.1:3000
        url: String,
        /// Test an API without pages, as environments of branches have
        #[arg(long)]
        api_only: bool,
        /// The value of X-Origin-Verify, for an API that is called without its edge
        #[arg(long, env = "POKEDEX_ORIGIN_VERIFY", hide_env_values = true)]
        origin_verify: Option<String>,
        #[command(flatten)]
        accept: Accept,
        /// The release that must answer
        #[arg(long)]
        release: Option<String>,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
        /// Run only the checks that write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Delete the versions of functions that no recent release needs
    Prune {
        environment: String,
        /// The number of live releases whose versions stay
        #[arg(long, default_value_t = 5)]
        keep: usize,
        #[arg(long)]
        dry_run: bool,
    },
    /// Make the bundled snapshot the catalogue of an environment that has none
    Seed {
        environment: String,
        /// Show the catalogue, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Report the resources that were changed by hand
    Drift { environment: String },
    /// Check that every alarm exists, tells somebody, and is silent
    Alarms {
        environment: String,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Create or delete the environment of a branch
    Env {
        #[command(subcommand)]
        command: EnvCommand,
    },
}

#[derive(Subcommand)]
pub enum EnvCommand {
    /// The same as `deploy NAME`
    Create {
        name: String,
        #[arg(long, default_value = "target/lambda/functions/bootstrap")]
        program: PathBuf,
        #[command(flatten)]
        how: How,
    },
    /// Print the address of the environment
    Url { name: String },
    /// Delete all stacks of the environment
    Delete {
        name: String,
        /// Show the stacks, and delete none
        #[arg(long)]
        dry_run: bool,
    },
    /// Delete the environments of branches that were not deployed for some days (deploy/feature.toml)
    Reap {
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Args)]
#[command(group = ArgGroup::new("source").required(true))]
pub struct Restore {
    pub environment: String,
    /// The moment of the data, such as 2026-11-29T01:15:00Z, of the last 35 days
    #[arg(long, value_name = "TIME", group = "source")]
    pub at: Option<Timestamp>,
    /// A backup of `backup` or `migrate`
    #[arg(long, value_name = "ARN", group = "source")]
    pub backup: Option<String>,
    /// A table that AWS Backup or an import has restored
    #[arg(long, value_name = "NAME", group = "source", requires = "of")]
    pub table: Option<String>,
    /// The moment of the data in --table
    #[arg(long, value_name = "TIME")]
    pub of: Option<Timestamp>,
    /// The reason, which is recorded
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Continue although some accounts are damaged and cannot be repaired
    #[arg(long)]
    pub accept_damage: bool,
    /// A user whose changes are not made again, because a script used the account (may be repeated)
    #[arg(long, value_name = "USER")]
    pub without: Vec<UserId>,
    /// Show what would be made again and what would be lost, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Args, Clone, Copy)]
pub struct Region {
    /// Deploy to the second region of the environment, such as `promote prod prod --standby`
    #[arg(long)]
    pub standby: bool,
    /// The second region takes over: it also runs the jobs
    #[arg(long, requires = "standby")]
    pub active: bool,
}

#[derive(Args)]
pub struct How {
    /// Deploy only this stack; may be repeated
    #[arg(long, value_name = "STACK")]
    only: Vec<String>,
    /// Show the changes, and make none
    #[arg(long)]
    dry_run: bool,
    /// Deploy outside of the environment's window; the reason is recorded
    #[arg(long = "override", value_name = "REASON")]
    reason: Option<String>,
    /// Give verified versions all traffic at once, for an urgent repair
    #[arg(long)]
    all_at_once: bool,
    /// Permit that this resource is replaced or deleted although it holds data; may be repeated
    #[arg(long, value_name = "LOGICAL_ID")]
    expendable: Vec<String>,
    #[command(flatten)]
    accept: Accept,
}

#[derive(Args, Clone, Copy)]
pub struct Accept {
    /// Accept a catalogue that is older than the environment demands, as while PokeAPI is down
    #[arg(long)]
    pub accept_old_catalogue: bool,
}

impl From<How> for Options {
    fn from(how: How) -> Self {
        let How { only, dry_run, reason, all_at_once, expendable, accept } = how;
        Self {
            only,
            dry_run,
            reason,
            all_at_once,
            expendable,
            accept_old_catalogue: accept.accept_old_catalogue,
            rotation: false,
        }
    }
}
