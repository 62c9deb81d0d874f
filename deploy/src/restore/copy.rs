//! A table with the accounts of an earlier moment, made fit to take the place of the live one.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata as _,
    primitives::DateTime,
    types::{
        CreateReplicationGroupMemberAction, IndexStatus, ReplicationGroupUpdate, StreamSpecification,
        StreamViewType, TableDescription, TableStatus,
    },
};
use domain::Timestamp;
use tokio::time::sleep;

use crate::{
    backup::moment,
    cloud::{Cloud, aws},
    progress::Progress,
    settings::Settings,
};

/// The wait between two looks at a table, and the number of looks: four hours.
const POLL: Duration = Duration::from_secs(5);
const LOOKS: u32 = 4 * 3600 / 5;
/// A line of progress for each of this number of looks.
const REPORT: u32 = 12;

/// The source of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The live table, as it was at this moment.
    Moment(Timestamp),
    /// A backup that DynamoDB keeps; the text is its ARN.
    Backup(String),
    /// A table that was restored by other means, such as AWS Backup, from the state of this moment.
    Table(String, Timestamp),
}

/// A copy that is to be made, or was made by an interrupted run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    pub source: Source,
    /// The name of the new table.
    pub table: String,
    /// The moment of the data.
    pub moment: Timestamp,
}

impl Copy {
    /// Determines the name of the new table, which follows from the source: the same command continues an interrupted one. `label` comes
    /// before the time.
    ///
    /// # Errors
    /// If the backup does not exist.
    pub async fn plan(cloud: &Cloud, settings: &Settings, source: Source, label: &str) -> Result<Self> {
        let moment_of = match &source {
            Source::Moment(moment) | Source::Table(_, moment) => *moment,
            Source::Backup(arn) => {
                let described = cloud.tables.describe_backup().backup_arn(arn).send().await.map_err(aws)?;
                let details = described.backup_description.and_then(|described| described.backup_details);
                let details = details.with_context(|| format!("there is no backup {arn}"))?;
                Timestamp::from_unix(details.backup_creation_date_time.secs())
            }
        };
        let table = match &source {
            Source::Table(table, _) => table.clone(),
            _ => format!("{}-{label}-{}", settings.prefix(), moment(&moment_of.to_string())),
        };
        Ok(Self { source, table, moment: moment_of })
    }

    /// Makes the copy of the table `live`, and waits until it can be used.
    ///
    /// # Errors
    /// If DynamoDB rejects it, as for a moment that is too old.
    pub async fn make(&self, cloud: &Cloud, live: &str, progress: Progress) -> Result<()> {
        ensure!(self.table != live, "{live} is the live table");
        if describe(cloud, &self.table).await?.is_none() {
            match &self.source {
                Source::Moment(moment) => {
                    let restore = cloud.tables.restore_table_to_point_in_time().source_table_name(live);
                    let restore = restore.restore_date_time(DateTime::from_secs(moment.unix()));
                    restore.target_table_name(&self.table).send().await.map(drop).map_err(aws)
                }
                Source::Backup(arn) => {
                    let restore = cloud.tables.restore_table_from_backup().backup_arn(arn);
                    restore.target_table_name(&self.table).send().await.map(drop).map_err(aws)
                }
                Source::Table(table, _) => bail!("there is no table {table}"),
            }
            .with_context(|| format!("the state of {} cannot be restored", self.moment))?;
            progress.say(&format!("{} is restored with the state of {}", self.table, self.moment));
        }
        ready(cloud, &self.table, progress).await
    }

    /// Deletes the copy, whose data are not used.
    ///
    /// # Errors
    /// If DynamoDB rejects it.
    pub async fn delete(&self, cloud: &Cloud, progress: Progress) -> Result<()> {
        delete(cloud, &self.table, progress).await
    }
}

/// Begins to replicate a table to the region `second`, as the template says; a restore makes no replica. Repeating it changes nothing.
///
/// # Errors
/// If DynamoDB rejects it.
pub async fn replicate(cloud: &Cloud, table: &str, second: &str, progress: Progress) -> Result<()> {
    let described = describe(cloud, table).await?.with_context(|| format!("there is no table {table}"))?;
    if described.replicas().iter().any(|replica| replica.region_name() == Some(second)) {
        return Ok(());
    }
    if described.stream_specification.is_none_or(|stream| !stream.stream_enabled) {
        let stream = StreamSpecification::builder().stream_enabled(true);
        let stream = stream.stream_view_type(StreamViewType::NewAndOldImages).build()?;
        let update = cloud.tables.update_table().table_name(table).stream_specification(stream).send().await;
        update.map_err(aws).with_context(|| format!("{table} cannot have a stream"))?;
        ready(cloud, table, progress).await?;
    }
    let replica = CreateReplicationGroupMemberAction::builder().region_name(second).build()?;
    let replica = ReplicationGroupUpdate::builder().create(replica).build();
    let update = cloud.tables.update_table().table_name(table).replica_updates(replica).send().await;
    update.map_err(aws).with_context(|| format!("{table} cannot be replicated to {second}"))?;
    progress.say(&format!("{table} is being replicated to {second}"));
    Ok(())
}

/// Deletes a table although it is protected. DynamoDB deletes only a table that is active, so this waits for one that is being created.
///
/// # Errors
/// If DynamoDB rejects it, or the table does not become active.
pub async fn delete(cloud: &Cloud, table: &str, progress: Progress) -> Result<()> {
    let Some(described) = describe(cloud, table).await? else { return Ok(()) };
    match described.table_status {
        Some(TableStatus::Deleting) => return Ok(()),
        Some(TableStatus::Creating | TableStatus::Updating) => ready(cloud, table, progress).await?,
        _ => {}
    }
    if described.deletion_protection_enabled == Some(true) {
        let update = cloud.tables.update_table().table_name(table).deletion_protection_enabled(false);
        update.send().await.map_err(aws).with_context(|| format!("{table} stays protected"))?;
        ready(cloud, table, progress).await?;
    }
    let deletion = cloud.tables.delete_table().table_name(table).send().await;
    deletion.map_err(aws).with_context(|| format!("{table} cannot be deleted"))?;
    Ok(())
}

/// Describes a table; `None` if it does not exist.
///
/// # Errors
/// If DynamoDB does not answer.
pub async fn describe(cloud: &Cloud, table: &str) -> Result<Option<TableDescription>> {
    match cloud.tables.describe_table().table_name(table).send().await {
        Ok(described) => Ok(described.table),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(aws(error)),
    }
}

/// Waits until a table and its indexes are active.
///
/// # Errors
/// If the table does not exist, or is not active after four hours.
pub async fn ready(cloud: &Cloud, table: &str, progress: Progress) -> Result<()> {
    for look in 1..=LOOKS {
        let described =
            describe(cloud, table).await?.with_context(|| format!("there is no table {table}"))?;
        let mut indexes = described.global_secondary_indexes().iter();
        let is_ready = described.table_status == Some(TableStatus::Active)
            && indexes
                .all(|index| index.index_status.as_ref().is_none_or(|status| *status == IndexStatus::Active));
        if is_ready {
            return Ok(());
        }
        if look % REPORT == 0 {
            let status =
                described.table_status.map_or_else(String::new, |status| status.as_str().to_lowercase());
            progress.say(&format!("{table} is {status}"));
        }
        sleep(POLL).await;
    }
    bail!(
        "{table} cannot be used after {} hours: run the same command again",
        POLL.as_secs() * u64::from(LOOKS) / 3600
    )
}
