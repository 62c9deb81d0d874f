//! A drill: the accounts are really restored, and the times are compared with what operation promises.

mod leftovers;

use std::{path::Path, time::Instant};

use adapters::{
    now,
    store::{
        AccountStore, Meter, Tables,
        accounts::{Later, Replayed},
    },
};
use anyhow::{Context as _, Result, bail, ensure};
use domain::Timestamp;

use crate::{
    backup,
    cloud::{Cloud, aws},
    first, manifest,
    manifest::State,
    progress::Progress,
    restore::{self, Bound, Copy, Counts, Report, Source},
    rollback,
    settings::Settings,
};

/// The longest time in seconds to return to an earlier release.
const CODE: f64 = 15.0 * 60.0;
/// The longest time in seconds to return to earlier data.
const DATA: f64 = 3600.0;
/// The most data that may be lost, in seconds before the incident.
const LOSS: f64 = 15.0 * 60.0;
/// The folder of the reports.
const FOLDER: &str = "drills";
/// The word in the name of a copy that never serves.
const LABEL: &str = "drill";
const HISTORY: usize = 50;

/// The options of a drill.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether the environment is really switched to the copy, and to the release before and back. Otherwise the copy is deleted.
    pub switches: bool,
    /// Whether the copy is that of a backup of now, instead of the latest moment to which the table can return.
    pub from_backup: bool,
    /// The reason of the deployment outside of the window.
    pub reason: String,
}

/// Runs a drill, and stores its report.
///
/// # Errors
/// If a step fails, or a bound is exceeded: the report is stored and printed before.
pub async fn drill(
    cloud: &Cloud,
    root: &Path,
    settings: &Settings,
    options: &Options,
    progress: Progress,
) -> Result<Report> {
    let environment = settings.environment.name();
    ensure!(settings.environment.is_stable(), "{environment} keeps no data");
    ensure!(
        !options.switches || environment != "prod",
        "a drill switches staging, and never prod: leave --switch out to restore a copy of prod and delete it"
    );
    let prefix = format!("{}-{LABEL}-", settings.prefix());
    leftovers::delete(cloud, &prefix, leftovers::ABANDONED, progress).await?;
    let code = if options.switches { code(cloud, settings, progress).await? } else { None };
    let started = now();
    let source = source(cloud, settings, options, progress).await?;
    let copied = copied(cloud, root, settings, options, source.clone(), progress).await;
    if let Source::Backup(arn) = &source {
        // A restore that was interrupted continues from its backup.
        if options.switches && copied.is_err() {
            progress.say(&format!("the backup {arn} stays for the restore: delete it afterwards"));
        } else {
            forget(cloud, arn, progress).await;
        }
    }
    let mut report = copied?;
    let moment = report.moment.parse::<Timestamp>().context("the report has no moment")?;
    report.bounds.push(Bound { name: "lost data".to_owned(), seconds: seconds(moment, started), most: LOSS });
    report.bounds.push(Bound {
        name: "return of the data".to_owned(),
        seconds: report.seconds(),
        most: DATA,
    });
    report.bounds.extend(code.map(|seconds| Bound {
        name: "return of the code".to_owned(),
        seconds,
        most: CODE,
    }));
    report.put(cloud, FOLDER).await?;
    println!("{}", report.markdown());
    let exceeded: Vec<_> =
        report.bounds.iter().filter(|bound| !bound.holds()).map(|bound| bound.name.as_str()).collect();
    if !exceeded.is_empty() {
        bail!("the drill took longer than operation promises: {}", exceeded.join(", "));
    }
    Ok(report)
}

/// Makes the copy: it replaces the live table, or is verified beside it.
async fn copied(
    cloud: &Cloud,
    root: &Path,
    settings: &Settings,
    options: &Options,
    source: Source,
    progress: Progress,
) -> Result<Report> {
    if !options.switches {
        return beside(cloud, settings, source, progress).await;
    }
    let restoration = restore::Options {
        source,
        reason: options.reason.clone(),
        accept_damage: false,
        without: Vec::new(),
        deletes_former: true,
        dry_run: false,
    };
    restore::restore(cloud, root, settings, &restoration, progress).await
}

/// Deletes the backup of a drill, which holds accounts that users may delete later. The role of the workflows has no right to that: IAM
/// knows no names of backups, so the right would extend to backups that must be kept. A person deletes the backup then.
async fn forget(cloud: &Cloud, arn: &str, progress: Progress) {
    let line = match backup::delete(cloud, arn).await {
        Ok(()) => "the backup of the drill is deleted".to_owned(),
        Err(error) => format!("{error:#}: a person runs aws dynamodb delete-backup --backup-arn {arn}"),
    };
    progress.say(&line);
}

/// The seconds from `moment` to `then`, and none if it is later.
fn seconds(moment: Timestamp, then: Timestamp) -> f64 {
    f64::from(u32::try_from(then.unix() - moment.unix()).unwrap_or_default())
}

/// Returns to the release before the live one, and to the live one; returns the seconds of the slower way, or `None` if there is no other.
async fn code(cloud: &Cloud, settings: &Settings, progress: Progress) -> Result<Option<f64>> {
    let manifests = manifest::of(cloud, settings.environment.name(), HISTORY).await?;
    let mut live = manifests.iter().filter(|manifest| manifest.state == State::Live);
    let current = live.next().context("no release is live")?;
    let is_reachable = |manifest: &&manifest::Manifest| {
        manifest.release != current.release && manifest.accounts == current.accounts && !manifest.rotation
    };
    let Some(former) = live.find(is_reachable) else {
        progress.say("no earlier release serves with the same table: the return of the code is left out");
        return Ok(None);
    };
    let mut slowest: f64 = 0.0;
    for to in [former.release.clone(), current.release.clone()] {
        let started = Instant::now();
        let options =
            rollback::Options { to: Some(to), accept_old_catalogue: true, ..rollback::Options::default() };
        rollback::rollback(cloud, settings, &options, progress).await?;
        slowest = slowest.max(started.elapsed().as_secs_f64());
    }
    Ok(Some(slowest))
}

/// Determines the latest state to which the table can return.
async fn source(cloud: &Cloud, settings: &Settings, options: &Options, progress: Progress) -> Result<Source> {
    if options.from_backup {
        return Ok(Source::Backup(backup::create(cloud, settings, LABEL, progress).await?));
    }
    let table = first::tables(settings)?.app;
    let described =
        cloud.tables.describe_continuous_backups().table_name(&table).send().await.map_err(aws)?;
    let recovery =
        described.continuous_backups_description.and_then(|all| all.point_in_time_recovery_description);
    let latest = recovery.and_then(|recovery| recovery.latest_restorable_date_time);
    let latest = latest.with_context(|| format!("{table} has no recovery to a point in time"))?;
    Ok(Source::Moment(Timestamp::from_unix(latest.secs())))
}

/// Makes a copy beside the live table, verifies it, and deletes it.
async fn beside(cloud: &Cloud, settings: &Settings, source: Source, progress: Progress) -> Result<Report> {
    let tables = first::tables(settings)?;
    let copy = Copy::plan(cloud, settings, source, LABEL).await?;
    let environment = settings.environment.name();
    let mut report = restore::begin(environment, &copy.table, &tables.app, &copy.moment.to_string());
    let compared = compare(cloud, &copy, &tables, &mut report, progress).await;
    // The copy holds data of users, whatever happened.
    let deleted = report.timed("delete", copy.delete(cloud, progress)).await;
    let later = both(compared, deleted, &copy.table)?;
    report.take_lost(&later.lost, &Replayed::default());
    ensure!(report.damaged.is_empty(), "the copy is damaged: {}", report.damaged.join("; "));
    Ok(report)
}

/// Returns what was `done` with a copy, or every error: that of a deletion hides no earlier one.
fn both<T>(done: Result<T>, deleted: Result<()>, table: &str) -> Result<T> {
    let Err(left) = deleted else { return done };
    let left = left.context(format!("{table} is left with data of users: delete it"));
    match done {
        Ok(_) => Err(left),
        Err(error) => Err(error.context(format!("{left:#}"))),
    }
}

/// Verifies a copy; returns the changes since its moment.
async fn compare(
    cloud: &Cloud,
    copy: &Copy,
    tables: &Tables,
    report: &mut Report,
    progress: Progress,
) -> Result<Later> {
    report.timed("copy", copy.make(cloud, &tables.app, progress)).await?;
    let meter = Meter::default();
    let live = AccountStore::new(cloud.tables.clone(), tables.clone());
    report.before = Some(Counts::from(&live.inspect(&meter).await?));
    let new = AccountStore::new(cloud.tables.clone(), Tables { app: copy.table.clone(), ..tables.clone() });
    restore::verify(&new, report, &meter, progress).await?;
    restore::later(&new, &meter, copy.moment, &[]).await
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn an_error_of_the_deletion_hides_no_earlier_one() {
        let shown = |done: Result<u8>, deleted: Result<()>| {
            both(done, deleted, "pokedex-prod-drill-1").map_err(|error| format!("{error:#}"))
        };
        let (broken, busy) = (|| Err(anyhow!("it is damaged")), || Err(anyhow!("it is busy")));
        assert_eq!(shown(Ok(1), Ok(())), Ok(1));
        assert_eq!(shown(broken(), Ok(())), Err("it is damaged".to_owned()));
        let left = "pokedex-prod-drill-1 is left with data of users: delete it: it is busy";
        assert_eq!(shown(Ok(1), busy()), Err(left.to_owned()));
        assert_eq!(shown(broken(), busy()), Err(format!("{left}: it is damaged")));
    }
}
