//! The command line.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, Parser, Subcommand};
use deploy::{
    address::Address,
    alarms,
    bundle::{self, Bundle},
    cloud::Cloud,
    drift, environments, first, migration, preflight, program,
    program::Packed,
    progress::Progress,
    promotion::Source,
    prune,
    release::{self, Options, Outcome},
    rollback, rotation,
    settings::Settings,
    smoke, stacks,
};
use time::OffsetDateTime;

/// Releases: deploy, prove, roll back. Every command may be run again after it was interrupted.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Deploy every stack of an environment, prove that it works, and roll back if it does not
    Deploy {
        /// dev, staging, prod, or f- and the name of a branch's environment
        environment: String,
        /// The functions' program, which `cargo xtask build` builds
        #[arg(long, default_value = "target/lambda/functions/bootstrap")]
        program: PathBuf,
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
enum EnvCommand {
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
struct How {
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
struct Accept {
    /// Accept a catalogue that is older than the environment demands, as while PokeAPI is down
    #[arg(long)]
    accept_old_catalogue: bool,
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

/// Runs a command in the repository that contains the current folder.
pub async fn run(cli: Cli) -> Result<()> {
    let root = std::env::current_dir()?;
    let progress = Progress::start();
    match cli.command {
        Command::Deploy { environment, program, how } => {
            deploy(&root, &environment, &program, &how.into(), progress).await
        }
        Command::Env { command: EnvCommand::Create { name, program, how } } => {
            ensure!(
                name.starts_with("f-"),
                "{name} is not a branch's environment, whose name begins with f-"
            );
            deploy(&root, &name, &program, &how.into(), progress).await
        }
        Command::Promote { from, to, release, attested, how } => {
            let source = Source { environment: from, release, attested };
            promote(&root, &source, &to, &how.into(), progress).await
        }
        Command::Rollback { environment, to, if_failed, accept, dry_run } => {
            let (cloud, settings) = connect(&root, &environment).await?;
            let accept_old_catalogue = accept.accept_old_catalogue;
            let options = rollback::Options { to, if_failed, dry_run, accept_old_catalogue };
            rollback::rollback(&cloud, &settings, &options, progress).await
        }
        Command::Migrate { environment, to, dry_run } => {
            let (cloud, settings) = connect(&root, &environment).await?;
            migration::migrate(&cloud, &settings, to, dry_run, progress).await
        }
        Command::RotateOrigin { environment, reason, dry_run } => {
            let (cloud, settings) = connect(&root, &environment).await?;
            rotation::rotate(&cloud, &root, &settings, reason.as_deref(), dry_run, progress).await
        }
        Command::Smoke { url, api_only, origin_verify, accept, release, json, dry_run } => {
            let expects_sync = !accept.accept_old_catalogue;
            let has_pages = !api_only && origin_verify.is_none();
            let target = smoke::Target { url, origin_verify, behind: None, has_pages, expects_sync, release };
            smoke::run(&target, dry_run).await?.print(json)
        }
        Command::Prune { environment, keep, dry_run } => {
            let (cloud, settings) = connect(&root, &environment).await?;
            let (stacks, _) = stacks::read(&root)?;
            prune::prune(&cloud, &settings, &stacks, keep, dry_run, progress).await?;
            Ok(())
        }
        Command::Seed { environment, dry_run } => {
            let (cloud, settings) = connect(&root, &environment).await?;
            match dry_run {
                true => first::show_catalogue(&cloud, &settings, progress).await,
                false => first::seed(&cloud, &settings, progress).await,
            }
        }
        Command::Drift { environment } => drift(&root, &environment, progress).await,
        Command::Alarms { environment, json } => {
            let (cloud, settings) = connect(&root, &environment).await?;
            let stacks = stacks::of(&stacks::read(&root)?.0, &settings.environment);
            alarms::check(&cloud, &settings, &stacks).await?.show(json, progress)
        }
        Command::Env { command: EnvCommand::Url { name } } => {
            let (cloud, settings) = connect(&root, &name).await?;
            println!("{}", Address::read(&cloud, &settings).await?.public());
            Ok(())
        }
        Command::Env { command: EnvCommand::Delete { name, dry_run } } => {
            delete(&root, &name, dry_run, progress).await
        }
        Command::Env { command: EnvCommand::Reap { dry_run } } => reap(&root, dry_run, progress).await,
    }
}

async fn connect(root: &Path, environment: &str) -> Result<(Cloud, Settings)> {
    let settings = Settings::read(root, environment)?;
    Ok((Cloud::connect(&settings.region).await?, settings))
}

async fn deploy(
    root: &Path,
    environment: &str,
    program: &Path,
    options: &Options,
    progress: Progress,
) -> Result<()> {
    let settings = Settings::read(root, environment)?;
    let packed = program::pack(&root.join(program), &settings.own.architecture)?;
    let cloud = Cloud::connect(&settings.region).await?;
    let bundle = Bundle::of(root, &packed, &settings.own.architecture)?;
    upload(&cloud, root, packed, options, progress).await?;
    finish(&release::deploy(&cloud, root, settings, bundle, options, progress).await?)
}

async fn upload(
    cloud: &Cloud,
    root: &Path,
    packed: Packed,
    options: &Options,
    progress: Progress,
) -> Result<()> {
    if options.dry_run {
        return preflight::require_bucket(cloud).await;
    }
    preflight::bucket(cloud, root, progress).await?;
    let (key, size) = (packed.key.clone(), packed.archive.len());
    let uploaded = bundle::upload(cloud, packed).await?;
    let done = if uploaded { "uploaded" } else { "is there already" };
    progress.say(&format!("{key} ({:.1} MB) {done}", size as f64 / 1e6));
    Ok(())
}

async fn promote(
    root: &Path,
    source: &Source,
    to: &str,
    options: &Options,
    progress: Progress,
) -> Result<()> {
    let (cloud, from) = connect(root, &source.environment).await?;
    let settings = Settings::read(root, to)?;
    if settings.region != from.region {
        bail!(
            "{} is in {} and {to} in {}: a release is promoted within a region",
            source.environment,
            from.region,
            settings.region
        );
    }
    let bundle = source.bundle(&cloud, root, progress).await?;
    finish(&release::deploy(&cloud, root, settings, bundle, options, progress).await?)
}

fn finish(outcome: &Outcome) -> Result<()> {
    match outcome {
        Outcome::Live(release) => println!("{release}"),
        Outcome::Unchanged(release) => println!("{release} (unchanged)"),
        Outcome::Shown => {}
    }
    Ok(())
}

async fn drift(root: &Path, environment: &str, progress: Progress) -> Result<()> {
    let (cloud, settings) = connect(root, environment).await?;
    let (stacks, _) = stacks::read(root)?;
    let differences = drift::drift(&cloud, &settings, &stacks, progress).await?;
    for difference in &differences {
        println!("{difference}");
    }
    match differences.len() {
        0 => Ok(()),
        many => bail!("{many} resources of {environment} differ from their stacks"),
    }
}

async fn delete(root: &Path, name: &str, dry_run: bool, progress: Progress) -> Result<()> {
    let (cloud, settings) = connect(root, name).await?;
    let (stacks, _) = stacks::read(root)?;
    environments::delete(&cloud, &settings, &stacks, dry_run, progress).await
}

async fn reap(root: &Path, dry_run: bool, progress: Progress) -> Result<()> {
    // The settings of all environments of branches are the same but for the name.
    let (cloud, settings) = connect(root, "f-reap").await?;
    let days = settings.own.expires_after_days.context("deploy/feature.toml has no expires_after_days")?;
    let expired = environments::expired(&cloud, days, OffsetDateTime::now_utc()).await?;
    progress.say(&format!("{} environments of branches have expired", expired.len()));
    for name in expired {
        if dry_run {
            println!("{name}");
        } else {
            delete(root, &name, false, progress).await?;
        }
    }
    Ok(())
}
