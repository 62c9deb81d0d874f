//! Manual changes of the dex by administrators. Each change is an attribute of its own, so that no change undoes another.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    accounts::UserId,
    catalog::{Edits, Override},
};

use super::{condition::Refused, store::AccountStore};
use crate::store::{
    catalog::overrides::{key_of, read, revision_key},
    error::{StoreError, malformed},
    meter::Meter,
    parts,
    receipts::ChangeRecord,
    transaction::Transaction,
};

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
        let item = self.database.get(meter, self.app(), &key_of(pokemon), true).await?;
        Ok(item.map(|item| read(pokemon, &item)).unwrap_or_default())
    }

    /// Changes a Pokémon. Readers see the change once it is published.
    ///
    /// # Errors
    /// [`Condition::Administrator`](super::Condition::Administrator) if `admin` is no longer an administrator.
    pub async fn override_pokemon(
        &self,
        meter: &Meter,
        admin: UserId,
        pokemon: u32,
        change: &OverrideChange,
        record: &ChangeRecord,
    ) -> Result<(), Refused> {
        let transaction = Transaction::recorded(&self.database, record).by_admin(admin);
        let update = || parts::update(self.app(), &key_of(pokemon));
        let yes = AttributeValue::Bool(true);
        let update = match change {
            OverrideChange::None => return transaction.commit(meter).await,
            OverrideChange::Hide => {
                update().update_expression("SET is_hidden = :yes").expression_attribute_values(":yes", yes)
            }
            OverrideChange::Show => update().update_expression("REMOVE is_hidden"),
            OverrideChange::Edit(edits) if edits.is_empty() => update().update_expression("REMOVE edits"),
            OverrideChange::Edit(edits) => {
                let json =
                    serde_json::to_string(edits).map_err(|error| malformed(&key_of(pokemon), error))?;
                update()
                    .update_expression("SET edits = :edits")
                    .expression_attribute_values(":edits", AttributeValue::S(json))
            }
        };
        let revision = parts::update(self.app(), &revision_key())
            .update_expression("ADD revision :one")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        transaction.with(update).with(revision).commit(meter).await
    }
}
