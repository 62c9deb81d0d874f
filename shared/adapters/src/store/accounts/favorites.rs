//! Favorites.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, ReturnConsumedCapacity};
use domain::{Timestamp, accounts::UserId, audit::Event};

use super::{
    Accounts, Condition, Refused,
    item::{NewItem, Reader},
    keys,
    transaction::Transaction,
};
use crate::store::{
    Key, Meter, StoreError,
    codec::{keyed, text},
    failed,
};

/// A favorite, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredFavorite {
    pub pokemon: u32,
    pub created_at: Timestamp,
}

impl Accounts {
    /// Every favorite of a user, by Pokémon. 1,351 of them are one call: 130 KB.
    ///
    /// # Errors
    /// [`StoreError`] when the engine does not answer or an item is malformed.
    pub async fn favorites(&self, meter: &Meter, user: UserId) -> Result<Vec<StoredFavorite>, StoreError> {
        let mut found = Vec::new();
        let mut from = None;
        loop {
            meter.call();
            let page = self
                .client
                .query()
                .table_name(&self.tables.app)
                .key_condition_expression("pk = :pk AND begins_with(sk, :favorite)")
                .expression_attribute_values(":pk", AttributeValue::S(keys::user(user)))
                .expression_attribute_values(":favorite", AttributeValue::S(keys::FAVORITE.to_owned()))
                .consistent_read(true)
                .set_exclusive_start_key(from)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(failed("Query"))?;
            meter.reads(page.consumed_capacity());
            for item in page.items() {
                let sk = text(item, "sk").unwrap_or_default();
                let key = Key { pk: keys::user(user), sk: sk.to_owned() };
                let reader = Reader::of(&key, item);
                let pokemon = sk.strip_prefix(keys::FAVORITE).and_then(|id| id.parse().ok());
                let pokemon = pokemon.ok_or_else(|| reader.wrong("sk"))?;
                found.push(StoredFavorite { pokemon, created_at: reader.moment("created_at")? });
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// Adds a favorite.
    ///
    /// # Errors
    /// [`Condition::Absent`] for one that is there, [`Condition::Active`] for a frozen account.
    pub async fn add_favorite(
        &self,
        meter: &Meter,
        user: UserId,
        favorite: StoredFavorite,
        event: &Event,
    ) -> Result<(), Refused> {
        Transaction::told_by(self, event)?
            .by(user)?
            .put_new(Condition::Absent, &self.tables.app, item(user, favorite))?
            .commit(meter)
            .await
    }

    /// Removes a favorite.
    ///
    /// # Errors
    /// [`Condition::Present`] for one that is not there, [`Condition::Active`] for a frozen account.
    pub async fn remove_favorite(
        &self,
        meter: &Meter,
        user: UserId,
        pokemon: u32,
        event: &Event,
    ) -> Result<(), Refused> {
        let delete = self.removal(user, pokemon).condition_expression("attribute_exists(pk)");
        Transaction::told_by(self, event)?.by(user)?.delete(Condition::Present, delete)?.commit(meter).await
    }

    fn removal(&self, user: UserId, pokemon: u32) -> aws_sdk_dynamodb::types::builders::DeleteBuilder {
        Delete::builder().table_name(&self.tables.app).set_key(Some(keyed(&keys::favorite(user, pokemon))))
    }
}

fn item(user: UserId, favorite: StoredFavorite) -> NewItem {
    NewItem::at(&keys::favorite(user, favorite.pokemon)).moment("created_at", favorite.created_at)
}
