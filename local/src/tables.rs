//! The tables, as defined in `infra/data.yaml`: the same file that a deployment uses.

mod description;
mod repair;

use std::time::{Duration, Instant};

use adapters::store::{
    Meter, Tables,
    accounts::{AccountStore, SERVED},
};
use anyhow::{Context as _, Error, Result, anyhow, ensure};
use aws_sdk_dynamodb::{
    Client,
    error::ProvideErrorMetadata as _,
    types::{
        AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
        GlobalSecondaryIndexUpdate, KeySchemaElement, Projection, TimeToLiveSpecification, TimeToLiveStatus,
    },
};
use serde::Deserialize;
use serde_yaml_ng::Value;

use description::{indexes, wait_until_active};
use repair::State;

const TEMPLATE: &str = include_str!("../../infra/data.yaml");

/// The name of the catalogue table on one machine; [`Tables::beside`] derives the other names.
pub const CATALOG: &str = "pokedex-local-catalog";

/// The longest migration at a start.
const PATIENCE: Duration = Duration::from_secs(300);

/// A table in a template: keys, indexes and expiry, without intrinsic functions.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<KeyElement>,
    #[serde(default)]
    global_secondary_indexes: Vec<Index>,
    time_to_live_specification: Option<TimeToLive>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyElement {
    attribute_name: String,
    key_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Index {
    index_name: String,
    key_schema: Vec<KeyElement>,
    projection: IndexProjection,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexProjection {
    projection_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLive {
    attribute_name: String,
    enabled: bool,
}

impl KeyElement {
    fn build(&self) -> Result<KeySchemaElement> {
        let element = KeySchemaElement::builder().attribute_name(&self.attribute_name);
        Ok(element.key_type(self.key_type.as_str().into()).build()?)
    }
}

impl Attribute {
    fn build(&self) -> Result<AttributeDefinition> {
        let kind = self.attribute_type.as_str().into();
        Ok(AttributeDefinition::builder()
            .attribute_name(&self.attribute_name)
            .attribute_type(kind)
            .build()?)
    }
}

impl Index {
    fn build(&self) -> Result<GlobalSecondaryIndex> {
        let kind = self.projection.projection_type.as_str().into();
        let projection = Projection::builder().projection_type(kind).build();
        let mut built = GlobalSecondaryIndex::builder().index_name(&self.index_name).projection(projection);
        for element in &self.key_schema {
            built = built.key_schema(element.build()?);
        }
        Ok(built.build()?)
    }

    /// Whether the attribute is a key of the index.
    fn has(&self, attribute: &Attribute) -> bool {
        self.key_schema.iter().any(|element| element.attribute_name == attribute.attribute_name)
    }
}

/// Creates those of the tables that do not exist.
///
/// # Errors
/// If the engine does not answer or the template is wrong.
pub async fn create(client: &Client, tables: &Tables) -> Result<()> {
    create_catalog(client, &tables.catalog).await?;
    create_accounts(client, tables).await
}

/// Creates the catalogue table only.
///
/// # Errors
/// The errors of [`create`].
pub async fn create_catalog(client: &Client, name: &str) -> Result<()> {
    create_one(client, "CatalogTable", name).await
}

/// Creates the table that holds, among other data, the changes of administrators to the catalogue, which publication
/// reads.
///
/// # Errors
/// The errors of [`create`].
pub async fn create_overrides(client: &Client, name: &str) -> Result<()> {
    create_one(client, "AppTable", name).await
}

/// Creates all tables except the catalogue.
///
/// # Errors
/// The errors of [`create`].
pub async fn create_accounts(client: &Client, tables: &Tables) -> Result<()> {
    create_overrides(client, &tables.app).await?;
    bring_to_latest(&AccountStore::new(client.clone(), tables.clone())).await?;
    create_one(client, "EphemeralTable", &tables.ephemeral).await?;
    create_one(client, "AuditTable", &tables.audit).await
}

/// Brings accounts that an earlier release stored to the shape of this one.
async fn bring_to_latest(accounts: &AccountStore) -> Result<()> {
    let (meter, latest) = (Meter::default(), *SERVED.end());
    let schema = accounts.schema(&meter).await?;
    if schema.versions() != (latest, latest) {
        let end = Instant::now() + PATIENCE;
        let brought =
            accounts.bring(&meter, latest, end).await.context("the stored accounts cannot be migrated")?;
        ensure!(brought.is_done, "the stored accounts are not migrated yet; the next start continues");
    }
    Ok(())
}

async fn create_one(client: &Client, resource: &str, name: &str) -> Result<()> {
    let definition = definition(resource)?;
    let mut create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for attribute in &definition.attribute_definitions {
        create = create.attribute_definitions(attribute.build()?);
    }
    for element in &definition.key_schema {
        create = create.key_schema(element.build()?);
    }
    for index in &definition.global_secondary_indexes {
        create = create.global_secondary_indexes(index.build()?);
    }
    let mut created = create.clone().send().await;
    if created.as_ref().is_err_and(|error| error.code() == Some(EXISTS)) {
        wait_until_active(client, name).await?;
        match repair::remove_half_made(client, name).await? {
            State::Usable => add_indexes(client, &definition, name).await?,
            State::Deleted => created = create.send().await,
        }
    }
    match created {
        Err(error) if error.code() != Some(EXISTS) => {
            let message = error.message().map(str::to_owned);
            // The engine's message or, without one, the reason why it did not answer.
            let cause = message.map_or_else(|| Error::new(error), |message| anyhow!(message));
            return Err(cause.context(format!("the table {name} cannot be made")));
        }
        _ => {}
    }
    wait_until_active(client, name).await?;
    match definition.time_to_live_specification {
        Some(ttl) => set_expiry(client, name, ttl).await,
        None => Ok(()),
    }
}

/// The error of a table that already exists.
const EXISTS: &str = "ResourceInUseException";

/// Sets the TTL attribute of a table, unless it is set.
async fn set_expiry(client: &Client, name: &str, ttl: TimeToLive) -> Result<()> {
    let failed = || format!("what expires in {name} cannot be set");
    let described = client.describe_time_to_live().table_name(name).send().await.with_context(failed)?;
    let status = described.time_to_live_description().and_then(|ttl| ttl.time_to_live_status());
    if status == Some(&TimeToLiveStatus::Enabled) {
        return Ok(());
    }
    let specification =
        TimeToLiveSpecification::builder().attribute_name(ttl.attribute_name).enabled(ttl.enabled).build()?;
    let update = client.update_time_to_live().table_name(name).time_to_live_specification(specification);
    update.send().await.with_context(failed)?;
    Ok(())
}

/// Adds the indexes that a table of an earlier release does not have, one after the other: an update can add only one.
async fn add_indexes(client: &Client, definition: &Definition, name: &str) -> Result<()> {
    let existing = indexes(client, name).await?;
    let is_missing = |index: &&Index| !existing.contains(&index.index_name);
    for index in definition.global_secondary_indexes.iter().filter(is_missing) {
        let built = index.build()?;
        let action = CreateGlobalSecondaryIndexAction::builder()
            .index_name(&index.index_name)
            .set_key_schema(Some(built.key_schema))
            .set_projection(built.projection)
            .build()?;
        let mut update = client
            .update_table()
            .table_name(name)
            .global_secondary_index_updates(GlobalSecondaryIndexUpdate::builder().create(action).build());
        for attribute in definition.attribute_definitions.iter().filter(|attribute| index.has(attribute)) {
            update = update.attribute_definitions(attribute.build()?);
        }
        let added = update.send().await;
        added.with_context(|| format!("the index {} of {name} cannot be added", index.index_name))?;
        wait_until_active(client, name).await?;
    }
    Ok(())
}

fn definition(resource: &str) -> Result<Definition> {
    let template: Value = serde_yaml_ng::from_str(TEMPLATE).context("infra/data.yaml is not YAML")?;
    let properties = &template["Resources"][resource]["Properties"];
    serde_yaml_ng::from_value(properties.clone())
        .with_context(|| format!("infra/data.yaml does not define the keys of {resource}"))
}
