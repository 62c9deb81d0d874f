//! The copies that earlier drills have left: a drill that was killed could not delete its copy, which holds data of users.

use adapters::now;
use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::types::{TableDescription, TableStatus};
use domain::Timestamp;

use crate::{
    cloud::{Cloud, aws},
    progress::Progress,
    restore::copy,
};

/// The age in seconds of a copy that no drill uses any more.
pub const ABANDONED: i64 = 4 * 3600;

/// The treatment of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Treatment {
    /// A drill may still use it, or it is being deleted.
    Ignore,
    /// It is left to a person, for this reason.
    Report(&'static str),
    Delete,
}

/// Deletes the tables whose names begin with `prefix` and that are more than `age` seconds old. Reports those that cannot be deleted.
///
/// # Errors
/// If DynamoDB does not answer, or rejects a deletion.
pub async fn delete(cloud: &Cloud, prefix: &str, age: i64, progress: Progress) -> Result<()> {
    let mut names = Vec::new();
    let mut pages = cloud.tables.list_tables().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(aws).context("the tables of the account cannot be listed")?;
        names.extend(page.table_names.unwrap_or_default());
    }
    for table in copies(names, prefix) {
        let Some(described) = copy::describe(cloud, &table).await? else { continue };
        match treatment(&described, now(), age) {
            Treatment::Ignore => {}
            Treatment::Report(reason) => {
                progress.say(&format!("{table} of an earlier drill is {reason} and stays: delete it"));
            }
            Treatment::Delete => {
                copy::delete(cloud, &table, progress).await?;
                progress.say(&format!("{table} of an earlier drill is deleted"));
            }
        }
    }
    Ok(())
}

fn copies(names: Vec<String>, prefix: &str) -> Vec<String> {
    names.into_iter().filter(|name| name.starts_with(prefix)).collect()
}

fn treatment(described: &TableDescription, now: Timestamp, age: i64) -> Treatment {
    let created = described.creation_date_time().map(|created| created.secs());
    let is_old = created.is_some_and(|created| now.unix().saturating_sub(created) > age);
    match described.table_status() {
        _ if !is_old => Treatment::Ignore,
        Some(TableStatus::Deleting) => Treatment::Ignore,
        _ if described.deletion_protection_enabled() == Some(true) => Treatment::Report("protected"),
        Some(TableStatus::Active) => Treatment::Delete,
        _ => Treatment::Report("busy"),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::DateTime;

    use super::*;

    const NOW: i64 = 1_785_542_400;

    fn of(age: i64, status: TableStatus, is_protected: bool) -> Treatment {
        let described = TableDescription::builder()
            .creation_date_time(DateTime::from_secs(NOW - age))
            .table_status(status)
            .deletion_protection_enabled(is_protected)
            .build();
        treatment(&described, Timestamp::from_unix(NOW), ABANDONED)
    }

    #[test]
    fn only_names_of_the_drills_of_the_environment_are_selected() {
        let names = [
            "pokedex-prod-app",
            "pokedex-prod-app-20261129T011500Z",
            "pokedex-prod-drill-20261129T011500Z",
            "pokedex-prod-drills",
            "pokedex-staging-drill-20261129T011500Z",
        ];
        let names = names.map(str::to_owned).to_vec();
        assert_eq!(copies(names, "pokedex-prod-drill-"), ["pokedex-prod-drill-20261129T011500Z"]);
    }

    #[test]
    fn a_copy_older_than_four_hours_is_deleted() {
        assert_eq!(of(ABANDONED + 1, TableStatus::Active, false), Treatment::Delete);
        assert_eq!(of(ABANDONED, TableStatus::Active, false), Treatment::Ignore);
        assert_eq!(of(-1, TableStatus::Active, false), Treatment::Ignore, "a clock differs");
        let unknown = TableDescription::builder().table_status(TableStatus::Active).build();
        assert_eq!(treatment(&unknown, Timestamp::from_unix(NOW), 0), Treatment::Ignore, "no age");
    }

    #[test]
    fn a_copy_that_is_protected_or_busy_is_reported() {
        let old = ABANDONED + 1;
        assert_eq!(of(old, TableStatus::Active, true), Treatment::Report("protected"));
        assert_eq!(of(old, TableStatus::Creating, false), Treatment::Report("busy"));
        assert_eq!(of(old, TableStatus::Updating, false), Treatment::Report("busy"));
        assert_eq!(of(old, TableStatus::Deleting, false), Treatment::Ignore);
        assert_eq!(of(60, TableStatus::Creating, false), Treatment::Ignore, "a drill runs");
    }
}
