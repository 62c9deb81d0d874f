//! The tables, as `infra/data.yaml` has them: the same file that a deployment uses.

use std::time::Duration;

use anyhow::{Context as _, Error, Result, anyhow, bail};
use aws_sdk_dynamodb::{
    Client,
    error::ProvideErrorMetadata as _,
    types::{AttributeDefinition, BillingMode, KeySchemaElement, TableStatus},
};
use serde::Deserialize;
use serde_yaml_ng::Value;

const TEMPLATE: &str = include_str!("../../infra/data.yaml");

/// The catalogue's name on one machine.
pub const CATALOG: &str = "pokedex-local-catalog";

/// What a template says of a table: keys only, no intrinsics.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<KeyElement>,
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

/// Makes the catalogue table under `name` where it is not there.
///
/// # Errors
/// When the engine does not answer or the template is wrong.
pub async fn create(client: &Client, name: &str) -> Result<()> {
    let definition = definition("CatalogTable")?;
    let mut create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for attribute in definition.attribute_definitions {
        let kind = attribute.attribute_type.as_str().into();
        let built = AttributeDefinition::builder()
            .attribute_name(attribute.attribute_name)
            .attribute_type(kind)
            .build();
        create = create.attribute_definitions(built?);
    }
    for element in definition.key_schema {
        let kind = element.key_type.as_str().into();
        let built = KeySchemaElement::builder().attribute_name(element.attribute_name).key_type(kind).build();
        create = create.key_schema(built?);
    }
    match create.send().await {
        Ok(_) => {}
        Err(error) if error.code() == Some("ResourceInUseException") => {}
        Err(error) => {
            let message = error.message().map(str::to_owned);
            // What the engine says, or else why it says nothing.
            let cause = message.map_or_else(|| Error::new(error), |message| anyhow!(message));
            return Err(cause.context(format!("the table {name} cannot be made")));
        }
    }
    wait_until_active(client, name).await
}

async fn wait_until_active(client: &Client, name: &str) -> Result<()> {
    for _ in 0..100 {
        let described = client.describe_table().table_name(name).send().await;
        let described = described.with_context(|| format!("the table {name} cannot be described"))?;
        if described.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("the table {name} did not become active within 5 seconds")
}

fn definition(resource: &str) -> Result<Definition> {
    let template: Value = serde_yaml_ng::from_str(TEMPLATE).context("infra/data.yaml is not YAML")?;
    let properties = &template["Resources"][resource]["Properties"];
    serde_yaml_ng::from_value(properties.clone())
        .with_context(|| format!("infra/data.yaml does not define the keys of {resource}"))
}
