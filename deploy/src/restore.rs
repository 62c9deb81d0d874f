//! The return of the accounts to an earlier moment: a copy of that moment is verified and repaired, takes the place of the live table,
//! and what users did since is made again.
//!
//! Every step can be repeated: the same command continues a run that was interrupted.

pub mod copy;
mod later;
mod report;
mod settle;
mod switch;

use std::{path::Path, time::Duration};

use adapters::{
    milliseconds, now,
    store::{
        AccountStore, Meter,
        accounts::{Inspection, Replayed},
    },
    tokens::unguessable,
};
use anyhow::{Context as _, Result, ensure};
use domain::{
    Timestamp,
    accounts::UserId,
    audit::{Action, Event, EventId, Outcome},
};
use sha2::{Digest as _, Sha256};

pub use self::{
    copy::{Copy, Source},
    later::later,
    report::{Bound, Counts, Report, begin},
};
use crate::{
    aliases::LIVE,
    bundle::Bundle,
    cloud::Cloud,
    compose::Composer,
    deployer, first,
    live::{APP_TABLE, REPLICA_REGION},
    manifest::{self, Manifest, State},
    notices,
    progress::Progress,
    release::{self, Options as Deployment},
    settings::Settings,
};

/// The manifests among which the live release is searched.
const RECENT: usize = 20;
/// The folder of the reports.
const FOLDER: &str = "restores";
/// The word in the name of a restored table.
const LABEL: &str = "app";
/// The time after the switch until no function writes to the former table any more: the longest time-out of a request.
const DRAIN: Duration = Duration::from_secs(30);
/// The number of faults that an error names.
const NAMED: usize = 5;

/// The options of a restore.
#[derive(Clone, Debug)]
pub struct Options {
    pub source: Source,
    /// The reason, which is recorded; it also opens the window of deployments.
    pub reason: String,
    /// Whether to continue although some accounts are damaged and cannot be repaired.
    pub accept_damage: bool,
    /// The users whose changes are not made again.
    pub without: Vec<UserId>,
    /// Whether to delete the former table at the end.
    pub deletes_former: bool,
    /// Only say what would be done and lost.
    pub dry_run: bool,
}

/// A restore in progress.
struct Restore<'a> {
    cloud: &'a Cloud,
    root: &'a Path,
    settings: Settings,
    options: &'a Options,
    progress: Progress,
    copy: Copy,
    report: Report,
    /// The accounts in the new table.
    new: AccountStore,
    /// Those in the former table, if it can be read.
    former: Option<AccountStore>,
    meter: Meter,
}

/// Restores the accounts of a stable environment.
///
/// # Errors
/// If no release is live, the copy cannot be made or is damaged, or a step fails: the error says how to continue.
pub async fn restore(
    cloud: &Cloud,
    root: &Path,
    settings: &Settings,
    options: &Options,
    progress: Progress,
) -> Result<Report> {
    let environment = settings.environment.name();
    ensure!(
        settings.environment.is_stable(),
        "{environment} keeps no data that are worth a restore: delete it, and deploy it again"
    );
    let live = live_release(cloud, environment).await?;
    let copy = Copy::plan(cloud, settings, options.source.clone(), LABEL).await?;
    let tables = first::tables(settings)?;
    if let Some(unfinished) = Report::get(cloud, FOLDER, environment, &tables.app).await? {
        ensure!(
            unfinished.is_live || unfinished.table == copy.table,
            "the restore of {} is not complete: finish it with the same command first",
            unfinished.table
        );
    }
    if let Source::Table(table, _) = &options.source {
        let start = format!("{}-{LABEL}-", settings.prefix());
        ensure!(table.starts_with(&start), "the name of {table} does not begin with {start}");
    }
    let interrupted = Report::get(cloud, FOLDER, environment, &copy.table).await?;
    let report = match interrupted {
        Some(report) => {
            ensure!(!report.is_live, "{} is the table of {environment} already", copy.table);
            report
        }
        None => begin(environment, &copy.table, &tables.app, &copy.moment.to_string()),
    };
    let at = |app: &str| {
        let tables = adapters::store::Tables { app: app.to_owned(), ..tables.clone() };
        AccountStore::new(cloud.tables.clone(), tables)
    };
    let former = copy::describe(cloud, &report.former).await?.map(|_| at(&report.former));
    let new = at(&copy.table);
    let (settings, meter) = (settings.clone(), Meter::default());
    let mut restore = Restore { cloud, root, settings, options, progress, copy, report, new, former, meter };
    let done = restore.run(&live).await;
    done.with_context(|| {
        format!("{environment} was not restored completely: run the same command again, which continues")
    })?;
    Ok(restore.report)
}

async fn drained() -> Result<()> {
    tokio::time::sleep(DRAIN).await;
    Ok(())
}

async fn live_release(cloud: &Cloud, environment: &str) -> Result<Manifest> {
    let manifests = manifest::of(cloud, environment, RECENT).await?;
    let live =
        manifests.into_iter().find(|manifest| manifest.state == State::Live && manifest.only.is_empty());
    live.with_context(|| format!("no release is live in {environment}"))
}

impl Restore<'_> {
    async fn run(&mut self, live: &Manifest) -> Result<()> {
        let (cloud, progress, environment) = (self.cloud, self.progress, self.report.environment.clone());
        if self.options.dry_run {
            return self.show().await;
        }
        let bundle = Bundle::get(cloud, &live.bundle).await?;
        let deployer = deployer::of(cloud, &self.settings.environment).await?;
        let settings = self.settings.clone();
        let composer =
            Composer { root: self.root, settings: &settings, bundle: &bundle, deployer: deployer.as_ref() };
        self.report.put(cloud, FOLDER).await?;
        notices::send(
            cloud,
            &settings,
            &format!("pokedex {environment}: a restore has started"),
            &self.options.reason,
            progress,
        )
        .await;
        // After the switch, users write to the new table: only what was lost may be added to it then.
        let is_switched = settings.parameters.get(APP_TABLE) == Some(&self.copy.table);
        if !is_switched {
            self.prepare(&composer).await?;
        }
        let (copy, report) = (&self.copy, &mut self.report);
        report
            .timed(
                "switch the stack of the data",
                switch::switch(cloud, &composer, &report.former.clone(), &copy.table, progress),
            )
            .await?;
        let mut settings = settings.clone();
        settings.parameters.insert(APP_TABLE.to_owned(), copy.table.clone());
        let options = Deployment {
            reason: Some(self.options.reason.clone()),
            all_at_once: true,
            accept_old_catalogue: true,
            ..Deployment::default()
        };
        let deployment =
            release::deploy(cloud, self.root, settings.clone(), bundle.clone(), &options, progress);
        report.timed("switch the functions", deployment).await?;
        if self.former.is_some() {
            report.timed("wait for the last requests", drained()).await?;
        }
        self.catch_up(&settings).await?;
        if let Some(second) = settings.parameters.get(REPLICA_REGION).filter(|region| !region.is_empty()) {
            copy::replicate(cloud, &self.copy.table, second, progress).await?;
        }
        self.report.is_live = true;
        self.report.put(cloud, FOLDER).await?;
        let subject = format!("pokedex {environment}: the accounts of {} are restored", self.report.moment);
        notices::send(cloud, &settings, &subject, &self.report.markdown(), progress).await;
        if self.options.deletes_former {
            copy::delete(cloud, &self.report.former, progress).await?;
            progress.say(&format!("{} is deleted", self.report.former));
        }
        Ok(())
    }

    /// Makes a copy that is fit to serve, before anybody uses it.
    async fn prepare(&mut self, composer: &Composer<'_>) -> Result<()> {
        let (cloud, progress, settings) = (self.cloud, self.progress, composer.settings);
        let (copy, report) = (&self.copy, &mut self.report);
        report.timed("copy", copy.make(cloud, &report.former.clone(), progress)).await?;
        // The live release must be able to serve with the copy, before anything is switched to it.
        let serves = composer.bundle.serves;
        serves.admit(&self.new.schema(&self.meter).await?, serves, &report.environment)?;
        let (_, template) = switch::data(cloud, composer).await?;
        let resource = &template["Resources"][switch::RESOURCE];
        report.timed("settings", settle::settle(cloud, &copy.table, resource, settings, progress)).await?;
        if let Some(former) = &self.former {
            report.before = Some(Counts::from(&former.inspect(&self.meter).await?));
            self.new.take_keys(&self.meter, former).await?;
        }
        let inspection = verify(&self.new, report, &self.meter, progress).await?;
        ensure!(
            report.damaged.is_empty() || self.options.accept_damage,
            "{} accounts or items are damaged, such as {}: choose another moment, or add --accept-damage",
            inspection.faults.len(),
            report.damaged.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ")
        );
        let accounts =
            report.timed("end all sessions", async { Ok(self.new.renew(&self.meter).await?) }).await?;
        progress.say(&format!("the sessions of {accounts} accounts have ended"));
        self.replay("make changes again").await?;
        self.report.put(cloud, FOLDER).await
    }

    /// Makes the changes since the moment of the copy again, as far as the trail tells them.
    async fn replay(&mut self, step: &str) -> Result<()> {
        let later = later(&self.new, &self.meter, self.copy.moment, &self.options.without).await?;
        let (new, meter) = (&self.new, &self.meter);
        let former = of_same_version(self.former.as_ref(), new, meter, self.progress).await?;
        let replay = async {
            Ok(new
                .replay(meter, &later, former, now(), |user| event(Action::DeleteAccount, Some(user)))
                .await?)
        };
        let replayed: Replayed = self.report.timed(step, replay).await?;
        self.report.again.add(&replayed);
        self.report.take_lost(&later.lost, &replayed);
        Ok(())
    }

    /// Brings what follows from the accounts up to date, once functions serve with the new table.
    async fn catch_up(&mut self, settings: &Settings) -> Result<()> {
        self.replay("make the last changes again").await?;
        let (cloud, progress) = (self.cloud, self.progress);
        let (new, meter) = (&self.new, &self.meter);
        let forgotten = self
            .report
            .timed("forget sessions and receipts", async { Ok(new.forget_expiring(meter).await?) })
            .await?;
        progress.say(&format!("{forgotten} sessions, receipts and buckets are deleted"));
        // The public keys of the copy may lack the current one.
        first::create_keys(cloud, settings, progress).await?;
        let deletions = format!("{}-finish-deletions:{LIVE}", settings.prefix());
        first::invoke(cloud, &deletions, b"{}").await?;
        new.note(meter, &restored(&self.report)?).await?;
        let inspection = new.inspect(meter).await?;
        self.report.after = Counts::from(&inspection);
        self.report.take_faults(&[], &inspection.faults);
        Ok(())
    }

    /// Says what a restore would do.
    async fn show(&mut self) -> Result<()> {
        let events = later::since(&self.new, &self.meter, self.copy.moment).await?;
        let busiest = later::busiest(&events);
        let later = later::divided(events, self.copy.moment, &self.options.without);
        self.progress.say(&format!(
            "{} would take the place of {}, with the state of {}",
            self.copy.table, self.report.former, self.report.moment
        ));
        self.progress.say(&format!(
            "since then: {} registrations, {} deletions, {} changes of standing and {} of favorites, which are made again; {} changes that \
             would be lost",
            later.registered.len(), later.deleted.len(), later.frozen.len(), later.favorites.len(), later.lost.len()
        ));
        for (user, changes) in busiest {
            self.progress
                .say(&format!("user:{user} made {changes} changes; --without {user} leaves them out"));
        }
        self.report.take_lost(&later.lost, &Replayed::default());
        Ok(())
    }
}

/// Verifies a copy and repairs it; returns the inspection afterwards.
///
/// # Errors
/// If DynamoDB does not answer.
pub async fn verify(
    copy: &AccountStore,
    report: &mut Report,
    meter: &Meter,
    progress: Progress,
) -> Result<Inspection> {
    let repaired = report.timed("verify and repair", async { Ok(copy.repair(meter, now()).await?) }).await?;
    report.take_faults(&repaired.repaired, &repaired.inspection.faults);
    report.after = Counts::from(&repaired.inspection);
    progress.say(&format!(
        "{} users and {} favorites in {} items; {} invariants repaired, {} damaged",
        report.after.users,
        report.after.favorites,
        report.after.items,
        report.repaired.len(),
        report.damaged.len()
    ));
    Ok(repaired.inspection)
}

/// Returns the former table, if accounts can be copied from it: both tables must have the same version of the stored accounts.
async fn of_same_version<'a>(
    former: Option<&'a AccountStore>,
    new: &AccountStore,
    meter: &Meter,
    progress: Progress,
) -> Result<Option<&'a AccountStore>> {
    let Some(former) = former else { return Ok(None) };
    let is_equal = former.schema(meter).await?.versions() == new.schema(meter).await?.versions();
    if !is_equal {
        progress.say("the former table has another version: no account is copied from it");
    }
    Ok(is_equal.then_some(former))
}

/// An event of the operator.
fn event(action: Action, user: Option<UserId>) -> Event {
    Event {
        id: EventId::new(milliseconds(), unguessable()),
        at: now(),
        actor: None,
        action,
        target: user.map(|user| format!("user:{user}")),
        outcome: Outcome::Done,
        request_id: "restore".to_owned(),
    }
}

/// The event of a restore. Its id and time follow from the restore, so a repeated run writes the same item and not a second one.
///
/// # Errors
/// If the stored report has no time.
fn restored(report: &Report) -> Result<Event> {
    let started: Timestamp = report.started.parse().context("the report has no start")?;
    let mut chance = [0; 10];
    chance.copy_from_slice(&Sha256::digest(&report.table)[..10]);
    Ok(Event {
        id: EventId::new(u64::try_from(started.unix())? * 1000, chance),
        at: started,
        target: Some(format!("table:{}", report.table)),
        ..event(Action::RestoreAccounts, None)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_run_records_the_same_event() {
        let first = begin("prod", "pokedex-prod-app-1", "old", "2026-11-29T00:00:00Z");
        let continued = Report { repaired: vec!["a repair".to_owned()], ..first.clone() };
        let recorded = restored(&first).unwrap();
        assert_eq!(recorded, restored(&continued).unwrap());
        assert_eq!(recorded.target.as_deref(), Some("table:pokedex-prod-app-1"));
        assert_eq!(recorded.at.to_string()[..19], first.started[..19]);
        let other = Report { table: "pokedex-prod-app-2".to_owned(), ..first };
        assert_ne!(recorded.id, restored(&other).unwrap().id, "another restore");
    }
}
