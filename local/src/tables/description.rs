//! The state of a table, as its engine describes it.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_sdk_dynamodb::{
    Client,
    operation::describe_table::DescribeTableOutput,
    types::{IndexStatus, TableDescription, TableStatus},
};

/// The names of a table's indexes.
pub(super) async fn indexes(client: &Client, name: &str) -> Result<Vec<String>> {
    let described = describe(client, name).await?;
    let indexes = described.table().map(TableDescription::global_secondary_indexes).unwrap_or_default();
    Ok(indexes.iter().filter_map(|index| index.index_name().map(str::to_owned)).collect())
}

pub(super) async fn describe(client: &Client, name: &str) -> Result<DescribeTableOutput> {
    let described = client.describe_table().table_name(name).send().await;
    described.with_context(|| format!("the table {name} cannot be described"))
}

/// Waits until the table and all its indexes are active.
pub(super) async fn wait_until_active(client: &Client, name: &str) -> Result<()> {
    for _ in 0..100 {
        let described = describe(client, name).await?;
        let is_active = described.table().is_some_and(|table| {
            let mut indexes = table.global_secondary_indexes().iter();
            table.table_status() == Some(&TableStatus::Active)
                && indexes
                    .all(|index| index.index_status().is_none_or(|status| *status == IndexStatus::Active))
        });
        if is_active {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("the table {name} did not become active within 5 seconds")
}
