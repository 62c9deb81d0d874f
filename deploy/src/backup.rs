//! A backup of the accounts at a moment of the operator's choice, beside the daily ones and the recovery to any second.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_sdk_dynamodb::types::BackupStatus;
use tokio::time::sleep;

use crate::{
    cloud::{Cloud, aws},
    first, manifest,
    progress::Progress,
    settings::Settings,
};

/// The number of times that the state of a backup is read.
const ATTEMPTS: u32 = 150;
const POLL: Duration = Duration::from_secs(2);

/// Backs up the table of the accounts, with `label` in the name of the backup. Returns the ARN of the backup once it is available.
///
/// # Errors
/// If it is not available after five minutes.
pub async fn create(cloud: &Cloud, settings: &Settings, label: &str, progress: Progress) -> Result<String> {
    let table = first::tables(settings)?.app;
    let name = format!("{table}-{label}-{}", moment(&manifest::timestamp()));
    let created = cloud.tables.create_backup().table_name(&table).backup_name(&name).send().await;
    let created = created.map_err(aws).with_context(|| format!("{table} cannot be backed up"))?;
    let arn = created.backup_details.map(|details| details.backup_arn).unwrap_or_default();
    for _ in 0..ATTEMPTS {
        let described = cloud.tables.describe_backup().backup_arn(&arn).send().await.map_err(aws)?;
        let details = described.backup_description.and_then(|described| described.backup_details);
        if details.is_some_and(|details| details.backup_status == BackupStatus::Available) {
            progress.say(&format!("backed up as {name}"));
            return Ok(arn);
        }
        sleep(POLL).await;
    }
    bail!("the backup {name} is not available after {} seconds", POLL.as_secs() * u64::from(ATTEMPTS));
}

/// Deletes a backup.
///
/// # Errors
/// If DynamoDB rejects it, as for a role without this right.
pub async fn delete(cloud: &Cloud, arn: &str) -> Result<()> {
    let deletion = cloud.tables.delete_backup().backup_arn(arn).send().await;
    deletion.map_err(aws).with_context(|| format!("the backup {arn} cannot be deleted"))?;
    Ok(())
}

/// Returns a time without the signs that names may not contain: `20261129T011500Z`.
#[must_use]
pub fn moment(time: &str) -> String {
    let whole = time.split_once('.').map_or_else(|| time.to_owned(), |(seconds, _)| format!("{seconds}Z"));
    whole.chars().filter(char::is_ascii_alphanumeric).collect()
}
