//! Manual changes of the dex by administrators. Each change is an attribute of its own, so that no change undoes another.

use aws_sdk_dynamodb::types::{AttributeValue, Update};
use domain::{
    accounts::UserId,
    catalog::{Edits, Override},
};

use super::{AccountStore, ChangeRecord, Condition, Refused, transaction::Transaction};
use crate::store::{Key, Meter, StoreError, codec::keyed, overrides::read};

/// A change to a Pokémon.
#[derive(Clone, Debug)]
pub enum OverrideChange {
    Hide,
    /// Shows a hidden Pokémon again.
    Show,
    /// Replaces the previous edits with these.
    Edit(Edits),
    /// Changes nothing, and only records the event.
    None,
}

impl AccountStore {
    /// Returns the changes to a Pokémon: one consistent GetItem.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn override_of(&self, meter: &Meter, pokemon: u32) -> Result<Override, StoreError> {
        let item = self.get(meter, &self.tables.app, &Key::override_of(pokemon), true).await?;
        Ok(item.map(|item| read(pokemon, &item)).unwrap_or_default())
    }

    /// Changes a Pokémon. Readers see the change once it is published.
    ///
    /// # Errors
    /// [`Condition::Administrator`] if `admin` is no longer an administrator.
    pub async fn override_pokemon(
        &self,
        meter: &Meter,
        admin: UserId,
        pokemon: u32,
        change: &OverrideChange,
        told: &ChangeRecord,
    ) -> Result<(), Refused> {
        let transaction = Transaction::told_by(self, told)?.by_admin(admin)?;
        let update = || {
            Update::builder().table_name(&self.tables.app).set_key(Some(keyed(&Key::override_of(pokemon))))
        };
        let yes = AttributeValue::Bool(true);
        let update = match change {
            OverrideChange::None => return transaction.commit(meter).await,
            OverrideChange::Hide => {
                update().update_expression("SET is_hidden = :yes").expression_attribute_values(":yes", yes)
            }
            OverrideChange::Show => update().update_expression("REMOVE is_hidden"),
            OverrideChange::Edit(edits) if edits.is_empty() => update().update_expression("REMOVE edits"),
            OverrideChange::Edit(edits) => {
                let json = serde_json::to_string(edits).map_err(|error| StoreError::Malformed {
                    key: Key::override_of(pokemon).to_string(),
                    reason: error.to_string(),
                })?;
                update()
                    .update_expression("SET edits = :edits")
                    .expression_attribute_values(":edits", AttributeValue::S(json))
            }
        };
        let revision = Update::builder()
            .table_name(&self.tables.app)
            .set_key(Some(keyed(&Key::overrides_revision())))
            .update_expression("ADD revision :one")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        transaction.update(Condition::None, update)?.update(Condition::None, revision)?.commit(meter).await
    }
}
