//! The version of the stored accounts: which releases can serve with it, and its change by the job of the live release.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use aws_sdk_dynamodb::types::BackupStatus;
use aws_sdk_lambda::error::ProvideErrorMetadata as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    aliases::LIVE,
    cloud::{Cloud, aws},
    first, manifest, notices,
    progress::Progress,
    settings::Settings,
};

/// The lowest and the highest version that a release can serve with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serves(pub u32, pub u32);

impl Serves {
    /// The versions of the release that this program is built from.
    #[must_use]
    pub const fn here() -> Self {
        let served = adapters::store::accounts::SERVED;
        Self(*served.start(), *served.end())
    }
}

/// The answer of the job.
#[derive(Clone, Debug, Deserialize)]
pub struct Schema {
    outcome: String,
    pub version: u32,
    pub pass: Option<Pass>,
    /// The versions of the release that answers.
    pub serves: Serves,
    versions: Vec<Version>,
}

/// A pass that has not ended.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Pass {
    pub to: u32,
    /// The number of items that it has read.
    pub seen: u64,
}

#[derive(Clone, Debug, Deserialize)]
struct Version {
    version: u32,
    shape: String,
}

impl Schema {
    /// Checks that a release can serve with every version that an item may have.
    ///
    /// # Errors
    /// If it cannot: the error names the command that helps.
    pub fn admits(&self, serves: Serves, environment: &str) -> Result<()> {
        let to = self.pass.map_or(self.version, |pass| pass.to);
        let (low, high) = (self.version.min(to), self.version.max(to));
        let wanted = if low < serves.0 { serves.0 } else { serves.1 };
        ensure!(
            (serves.0..=serves.1).contains(&low) && (serves.0..=serves.1).contains(&high),
            "the stored accounts have version {low}{}, and the release serves with {} to {}: \
             run `cargo xtask migrate {environment} --to {wanted}` first",
            if low == high { String::new() } else { format!(" to {high}") },
            serves.0,
            serves.1
        );
        Ok(())
    }
}

fn job(settings: &Settings) -> String {
    format!("{}-migrate-accounts", settings.prefix())
}

/// Asks the live release for the version of the stored accounts; `None` before the first deployment.
///
/// # Errors
/// If the job fails.
pub async fn schema(cloud: &Cloud, settings: &Settings) -> Result<Option<Schema>> {
    let function = job(settings);
    match cloud.functions.get_alias().function_name(&function).name(LIVE).send().await {
        Ok(_) => Ok(Some(ask(cloud, settings, json!({"task": "check"})).await?)),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(aws(error)).with_context(|| format!("{function} cannot be read")),
    }
}

async fn ask(cloud: &Cloud, settings: &Settings, event: serde_json::Value) -> Result<Schema> {
    let function = format!("{}:{LIVE}", job(settings));
    let answer = first::invoke(cloud, &function, event.to_string().as_bytes()).await?;
    serde_json::from_value(answer).with_context(|| format!("{function} answered something else"))
}

/// Brings the stored accounts to the version `to`, or to the highest one of the live release, after a backup of their table.
///
/// # Errors
/// If the live release cannot serve with that version, or the backup or the job fails: the next run continues.
pub async fn migrate(
    cloud: &Cloud,
    settings: &Settings,
    to: Option<u32>,
    dry_run: bool,
    progress: Progress,
) -> Result<()> {
    let environment = settings.environment.name();
    let schema = schema(cloud, settings).await?;
    let schema = schema.with_context(|| format!("no release is deployed in {environment}"))?;
    let Serves(low, high) = schema.serves;
    let to = to.unwrap_or(high);
    ensure!(
        (low..=high).contains(&to),
        "the live release of {environment} serves with the versions {low} to {high}, so {to} would break it: deploy a \
         release that serves with {to} first"
    );
    progress.say(&format!("{environment}: the stored accounts have version {}", schema.version));
    for version in schema.versions.iter().filter(|one| one.version == schema.version || one.version == to) {
        progress.say(&format!("  {}: {}", version.version, version.shape));
    }
    if dry_run {
        return Ok(());
    }
    // Those of other environments can be rebuilt, and a backup would outlive its environment.
    if settings.environment.is_stable() && schema.version != to {
        back_up(cloud, settings, schema.version, progress).await?;
    }
    bring(cloud, settings, to, progress).await?;
    let subject = format!("pokedex {environment}: the stored accounts have version {to}");
    notices::send(cloud, settings, &subject, &format!("{subject}; before, they had {}\n", schema.version), progress).await;
    Ok(())
}

/// Lets the job of the live release work until every item has the version `to`.
///
/// # Errors
/// If the job fails: the next run continues.
pub async fn bring(cloud: &Cloud, settings: &Settings, to: u32, progress: Progress) -> Result<()> {
    loop {
        let schema = ask(cloud, settings, json!({"task": "migrate", "to": to})).await?;
        match (schema.outcome.as_str(), schema.pass) {
            ("migrated", _) => {
                progress.say(&format!("the stored accounts have version {}", schema.version));
                return Ok(());
            }
            (_, Some(pass)) => progress.say(&format!("version {}: {} items read", pass.to, pass.seen)),
            (outcome, None) => progress.say(outcome),
        }
    }
}

/// The longest wait for a backup, whose size hardly matters.
const ATTEMPTS: u32 = 150;

/// Backs up the table of the accounts.
async fn back_up(cloud: &Cloud, settings: &Settings, version: u32, progress: Progress) -> Result<()> {
    let table = settings.parameters.get("AppTableName").context("there is no parameter AppTableName")?;
    let moment: String = manifest::timestamp().chars().filter(char::is_ascii_alphanumeric).collect();
    let name = format!("{table}-version-{version}-{moment}");
    let created = cloud.tables.create_backup().table_name(table).backup_name(&name).send().await;
    let created = created.map_err(aws).with_context(|| format!("{table} cannot be backed up"))?;
    let arn = created.backup_details.map(|details| details.backup_arn).unwrap_or_default();
    for _ in 0..ATTEMPTS {
        let described = cloud.tables.describe_backup().backup_arn(&arn).send().await.map_err(aws)?;
        let details = described.backup_description.and_then(|described| described.backup_details);
        if details.is_some_and(|details| details.backup_status == BackupStatus::Available) {
            progress.say(&format!("backed up as {name}"));
            return Ok(());
        }
        sleep(Duration::from_secs(2)).await;
    }
    bail!("the backup {name} is not available after {} seconds", 2 * ATTEMPTS);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(version: u32, to: Option<u32>) -> Schema {
        let pass = to.map(|to| Pass { to, seen: 0 });
        Schema { outcome: "checked".to_owned(), version, pass, serves: Serves(1, 9), versions: Vec::new() }
    }

    #[test]
    fn a_release_serves_only_with_versions_that_it_knows() {
        for (version, to) in [(2, None), (3, None), (2, Some(3)), (3, Some(2)), (3, Some(3))] {
            assert!(schema(version, to).admits(Serves(2, 3), "prod").is_ok(), "{version} to {to:?}");
        }
        let refused = |version, to| schema(version, to).admits(Serves(2, 3), "prod").unwrap_err().to_string();
        assert!(
            refused(1, None).contains("version 1, and") && refused(1, None).contains("migrate prod --to 2")
        );
        assert!(refused(1, Some(2)).contains("version 1 to 2") && refused(2, Some(1)).contains("--to 2"));
        assert!(refused(4, None).contains("migrate prod --to 3") && refused(3, Some(4)).contains("--to 3"));
    }
}
