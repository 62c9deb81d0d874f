//! The names of the tables that an environment uses. The stack of the data has them: a restored table has another name than the first one.

use anyhow::Result;

use crate::{apply, cloud::Cloud, settings::Settings};

/// The end of the names of parameters that name a table.
pub const TABLE_NAME: &str = "TableName";
/// The parameter with the name of the table of the accounts, which a restore replaces.
pub const APP_TABLE: &str = "AppTableName";
/// The parameter with the second region of an environment.
pub const REPLICA_REGION: &str = "ReplicaRegion";

/// Lets `settings` name the tables of the deployed stack of the data. Before that exists, names follow from that of the environment.
///
/// # Errors
/// If CloudFormation does not answer.
pub async fn adopt(cloud: &Cloud, settings: &mut Settings) -> Result<()> {
    let Some(deployed) = apply::find(cloud, &settings.data_stack()).await? else { return Ok(()) };
    for parameter in deployed.parameters() {
        let (name, value) = (parameter.parameter_key(), parameter.parameter_value());
        if let Some((name, value)) = name.zip(value).filter(|(name, _)| name.ends_with(TABLE_NAME)) {
            settings.parameters.insert(name.to_owned(), value.to_owned());
        }
    }
    Ok(())
}
