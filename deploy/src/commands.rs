//! The execution of a command.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use deploy::{
    address::Address,
    alarms, backup,
    bundle::{self, Bundle},
    cloud::Cloud,
    drift, drill, environments, first, live, migration, preflight, program,
    program::Packed,
    progress::Progress,
    promotion::Source,
    prune,
    release::{self, Options, Outcome},
    restore, rollback, rotation,
    settings::Settings,
    smoke, stacks,
};
use time::OffsetDateTime;

use crate::cli::{Cli, Command, EnvCommand, Region, Restore};

/// Runs a command in the repository that contains the current folder.
pub async fn run(cli: Cli) -> Result<()> {
    let root = std::env::current_dir()?;
    let progress = Progress::start();
    match cli.command {
        Command::Deploy { environment, program, region, how } => {
            let settings = in_region(Settings::read(&root, &environment)?, region)?;
            deploy(&root, settings, &program, &how.into(), progress).await
        }
        Command::Env { command: EnvCommand::Create { name, program, how } } => {
            ensure!(
                name.starts_with("f-"),
                "{name} is not a branch's environment, whose name begins with f-"
            );
            deploy(&root, Settings::read(&root, &name)?, &program, &how.into(), progress).await
        }
        Command::Promote { from, to, release, attested, region, how } => {
            let source = Source { environment: from, release, attested };
            promote(&root, &source, &to, region, &how.into(), progress).await
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
        Command::Backup { environment } => {
            let (cloud, settings) = connect(&root, &environment).await?;
            println!("{}", backup::create(&cloud, &settings, "by-hand", progress).await?);
            Ok(())
        }
        Command::Restore(restore) => restore_accounts(&root, restore, progress).await,
        Command::Drill { environment, switch, from_backup } => {
            let (cloud, settings) = connect(&root, &environment).await?;
            let options = drill::Options { switches: switch, from_backup, reason: "a drill".to_owned() };
            drill::drill(&cloud, &root, &settings, &options, progress).await.map(drop)
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
            let stacks = stacks::of(&stacks::read(&root)?.0, &settings);
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
    let mut settings = Settings::read(root, environment)?;
    let cloud = Cloud::connect(&settings.region).await?;
    live::adopt(&cloud, &mut settings).await?;
    Ok((cloud, settings))
}

/// Returns the settings of the region that the caller chose.
fn in_region(settings: Settings, region: Region) -> Result<Settings> {
    if region.standby { settings.in_standby(region.active) } else { Ok(settings) }
}

async fn restore_accounts(root: &Path, restore: Restore, progress: Progress) -> Result<()> {
    let (cloud, settings) = connect(root, &restore.environment).await?;
    let Restore { at, backup, table, of, reason, accept_damage, without, dry_run, .. } = restore;
    let source = match (at, backup, table.zip(of)) {
        (Some(at), ..) => restore::Source::Moment(at),
        (_, Some(arn), _) => restore::Source::Backup(arn),
        (.., Some((table, of))) => restore::Source::Table(table, of),
        _ => bail!("--at, --backup or --table says which state is restored"),
    };
    let options = restore::Options { source, reason, accept_damage, without, deletes_former: false, dry_run };
    let report = restore::restore(&cloud, root, &settings, &options, progress).await?;
    println!("{}", report.markdown());
    Ok(())
}

async fn deploy(
    root: &Path,
    settings: Settings,
    program: &Path,
    options: &Options,
    progress: Progress,
) -> Result<()> {
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
    region: Region,
    options: &Options,
    progress: Progress,
) -> Result<()> {
    // The role that deploys `to` reads the artifacts of the other environment, and none of its stacks.
    let from = Settings::read(root, &source.environment)?;
    let cloud = Cloud::connect(&from.region).await?;
    let settings = in_region(Settings::read(root, to)?, region)?;
    ensure!(
        settings.region == from.region || region.standby,
        "{} is in {} and {to} in {}: a release is promoted within a region",
        source.environment,
        from.region,
        settings.region
    );
    let bundle = source.bundle(&cloud, root, progress).await?;
    let target = Cloud::connect(&settings.region).await?;
    if target.region != cloud.region && !options.dry_run {
        preflight::bucket(&target, root, progress).await?;
        bundle::transfer(&cloud, &target, &bundle.program).await?;
    }
    finish(&release::deploy(&target, root, settings, bundle, options, progress).await?)
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
