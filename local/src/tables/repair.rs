//! Repair of tables that a kill left incomplete. The embedded engine registers a table or an index first and creates its storage
//! afterwards.

use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::{
    Client,
    error::ProvideErrorMetadata as _,
    types::{DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate},
};

use super::description::{indexes, wait_until_active};

/// The result of checking an existing table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The table can be used. Indexes without storage have been removed from it.
    Usable,
    /// The table had no storage, so it held nothing, and has been deleted.
    Deleted,
}

/// Deletes the table `name`, or those of its indexes that have no storage.
///
/// # Errors
/// If the engine does not answer.
pub(super) async fn remove_half_made(client: &Client, name: &str) -> Result<State> {
    if !has_storage(client, name, None).await? {
        let deleted = client.delete_table().table_name(name).send().await;
        deleted.with_context(|| format!("the half-made table {name} cannot be deleted"))?;
        return Ok(State::Deleted);
    }
    for index in indexes(client, name).await? {
        if has_storage(client, name, Some(&index)).await? {
            continue;
        }
        let delete = DeleteGlobalSecondaryIndexAction::builder().index_name(&index).build()?;
        let update = GlobalSecondaryIndexUpdate::builder().delete(delete).build();
        let deleted =
            client.update_table().table_name(name).global_secondary_index_updates(update).send().await;
        deleted.with_context(|| format!("the half-made index {index} of {name} cannot be deleted"))?;
        wait_until_active(client, name).await?;
    }
    Ok(State::Usable)
}

/// Whether an item of the table, or of its index, can be read.
async fn has_storage(client: &Client, name: &str, index: Option<&str>) -> Result<bool> {
    let read = client.scan().table_name(name).set_index_name(index.map(str::to_owned)).limit(1).send().await;
    match read {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("InternalServerError") => Ok(false),
        Err(error) => Err(error).with_context(|| format!("the table {name} cannot be read")),
    }
}
