//! The settings of a restored table: a restore copies the items, and none of the settings.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::types::{
    GlobalSecondaryIndexUpdate, OnDemandThroughput, PointInTimeRecoverySpecification,
    PointInTimeRecoveryStatus, TableDescription, Tag, UpdateGlobalSecondaryIndexAction,
};
use serde_json::Value;

use super::copy::{describe, ready};
use crate::{
    cloud::{Cloud, aws},
    progress::Progress,
    settings::Settings,
};

/// The value of a maximum that is not set.
const UNLIMITED: i64 = -1;

/// Gives a table the settings that `resource` has in the template of the data. Sends only those that differ, so it can be repeated:
/// DynamoDB rejects an update that changes nothing.
///
/// # Errors
/// If DynamoDB rejects one.
pub async fn settle(
    cloud: &Cloud,
    table: &str,
    resource: &Value,
    settings: &Settings,
    progress: Progress,
) -> Result<()> {
    let described = describe(cloud, table).await?.with_context(|| format!("there is no table {table}"))?;
    if described.deletion_protection_enabled != Some(true) {
        let update = cloud.tables.update_table().table_name(table).deletion_protection_enabled(true);
        update.send().await.map_err(aws).with_context(|| format!("{table} cannot be protected"))?;
        ready(cloud, table, progress).await?;
    }
    let (of_table, of_indexes) = maxima(&described, resource)?;
    if of_table.is_some() || !of_indexes.is_empty() {
        let update = cloud.tables.update_table().table_name(table).set_on_demand_throughput(of_table);
        let of_indexes = (!of_indexes.is_empty()).then_some(of_indexes);
        let update = update.set_global_secondary_index_updates(of_indexes).send().await;
        update.map_err(aws).with_context(|| format!("{table} cannot have its maxima"))?;
        ready(cloud, table, progress).await?;
    }
    recover(cloud, table).await?;
    tag(cloud, table, described.table_arn.unwrap_or_default(), &settings.tags).await?;
    progress.say(&format!("{table} has the settings of the template"));
    Ok(())
}

/// Returns the maxima of a table and of its indexes that differ from those of `resource`.
fn maxima(
    described: &TableDescription,
    resource: &Value,
) -> Result<(Option<OnDemandThroughput>, Vec<GlobalSecondaryIndexUpdate>)> {
    let properties = &resource["Properties"];
    let replica = &properties["Replicas"][0];
    let wanted = limits(properties, replica);
    let of_table = is_other(described.on_demand_throughput(), &wanted).then_some(wanted);
    let mut of_indexes = Vec::new();
    for index in properties["GlobalSecondaryIndexes"].as_array().into_iter().flatten() {
        let name = index["IndexName"].as_str().unwrap_or_default();
        let mut reads = replica["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
        let reads = reads.find(|one| one["IndexName"] == name).cloned().unwrap_or_default();
        let wanted = limits(index, &reads);
        let mut current = described.global_secondary_indexes().iter();
        let current = current.find(|one| one.index_name() == Some(name));
        if is_other(current.and_then(|one| one.on_demand_throughput()), &wanted) {
            let action = UpdateGlobalSecondaryIndexAction::builder().index_name(name);
            let action = action.on_demand_throughput(wanted).build()?;
            of_indexes.push(GlobalSecondaryIndexUpdate::builder().update(action).build());
        }
    }
    Ok((of_table, of_indexes))
}

/// The maxima that a template has for a table or an index; those of reads belong to its replica.
fn limits(writes: &Value, reads: &Value) -> OnDemandThroughput {
    let number = |settings: &Value, name: &str| settings[name].as_i64().unwrap_or(UNLIMITED);
    OnDemandThroughput::builder()
        .max_write_request_units(number(&writes["WriteOnDemandThroughputSettings"], "MaxWriteRequestUnits"))
        .max_read_request_units(number(&reads["ReadOnDemandThroughputSettings"], "MaxReadRequestUnits"))
        .build()
}

/// Whether the maxima differ.
fn is_other(current: Option<&OnDemandThroughput>, wanted: &OnDemandThroughput) -> bool {
    let units = |of: &OnDemandThroughput| {
        let [reads, writes] = [of.max_read_request_units(), of.max_write_request_units()];
        (reads.unwrap_or(UNLIMITED), writes.unwrap_or(UNLIMITED))
    };
    current.map_or((UNLIMITED, UNLIMITED), units) != units(wanted)
}

/// Lets a table return to any second.
async fn recover(cloud: &Cloud, table: &str) -> Result<()> {
    let described = cloud.tables.describe_continuous_backups().table_name(table).send().await.map_err(aws)?;
    let recovery =
        described.continuous_backups_description.and_then(|all| all.point_in_time_recovery_description);
    let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
    if status == Some(PointInTimeRecoveryStatus::Enabled) {
        return Ok(());
    }
    let recovery =
        PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true).build()?;
    let update = cloud.tables.update_continuous_backups().table_name(table);
    let update = update.point_in_time_recovery_specification(recovery).send().await;
    update.map_err(aws).with_context(|| format!("{table} cannot have a recovery to a point in time"))?;
    Ok(())
}

/// Gives a table the tags that it does not have yet.
async fn tag(cloud: &Cloud, table: &str, arn: String, tags: &BTreeMap<String, String>) -> Result<()> {
    let (mut current, mut next) = (BTreeMap::new(), None);
    loop {
        let page = cloud.tables.list_tags_of_resource().resource_arn(&arn).set_next_token(next).send().await;
        let page = page.map_err(aws).with_context(|| format!("the tags of {table} cannot be read"))?;
        current.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    let missing = tags.iter().filter(|(key, value)| current.get(*key) != Some(*value));
    let missing = missing.map(|(key, value)| Tag::builder().key(key).value(value).build());
    let missing = missing.collect::<Result<Vec<_>, _>>()?;
    if missing.is_empty() {
        return Ok(());
    }
    let tagging = cloud.tables.tag_resource().resource_arn(arn).set_tags(Some(missing)).send().await;
    tagging.map_err(aws).with_context(|| format!("{table} cannot have its tags"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::GlobalSecondaryIndexDescription;
    use serde_json::json;

    use super::*;

    fn throughput(reads: i64, writes: i64) -> OnDemandThroughput {
        OnDemandThroughput::builder().max_read_request_units(reads).max_write_request_units(writes).build()
    }

    fn index(name: &str, reads: i64, writes: i64) -> GlobalSecondaryIndexDescription {
        let index = GlobalSecondaryIndexDescription::builder().index_name(name);
        index.on_demand_throughput(throughput(reads, writes)).build()
    }

    fn resource() -> Value {
        let writes = json!({"MaxWriteRequestUnits": 2000});
        let reads = json!({"MaxReadRequestUnits": 4000});
        let index = |name: &str, of: &str, units: &Value| json!({"IndexName": name, (of): units});
        json!({"Properties": {
            "WriteOnDemandThroughputSettings": writes,
            "GlobalSecondaryIndexes": [
                index("gsi1", "WriteOnDemandThroughputSettings", &writes),
                index("gsi2", "WriteOnDemandThroughputSettings", &writes),
            ],
            "Replicas": [{
                "ReadOnDemandThroughputSettings": reads,
                "GlobalSecondaryIndexes": [index("gsi1", "ReadOnDemandThroughputSettings", &reads)],
            }],
        }})
    }

    #[test]
    fn a_restored_table_gets_all_maxima() {
        let restored = TableDescription::builder().build();
        let (of_table, of_indexes) = maxima(&restored, &resource()).unwrap();
        assert_eq!(of_table, Some(throughput(4000, 2000)));
        let actions: Vec<_> = of_indexes.iter().filter_map(|one| one.update()).collect();
        let shown: Vec<_> =
            actions.iter().map(|one| (one.index_name(), one.on_demand_throughput())).collect();
        let [first, second] = [throughput(4000, 2000), throughput(-1, 2000)];
        assert_eq!(shown, [("gsi1", Some(&first)), ("gsi2", Some(&second))]);
    }

    #[test]
    fn a_table_that_has_its_maxima_is_not_updated() {
        let settled = TableDescription::builder()
            .on_demand_throughput(throughput(4000, 2000))
            .global_secondary_indexes(index("gsi1", 4000, 2000))
            .global_secondary_indexes(index("gsi2", -1, 2000))
            .build();
        assert_eq!(maxima(&settled, &resource()).unwrap(), (None, Vec::new()));
    }

    #[test]
    fn only_maxima_that_differ_are_sent() {
        let interrupted = TableDescription::builder()
            .on_demand_throughput(throughput(4000, 2000))
            .global_secondary_indexes(index("gsi1", 4000, 1000))
            .global_secondary_indexes(index("gsi2", -1, 2000))
            .build();
        let (of_table, of_indexes) = maxima(&interrupted, &resource()).unwrap();
        let names: Vec<_> =
            of_indexes.iter().filter_map(|one| one.update()).map(|one| one.index_name()).collect();
        assert_eq!((of_table, names), (None, vec!["gsi1"]));
    }
}
