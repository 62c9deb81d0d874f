//! Reads of users.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::accounts::{Standing, UserId};

use super::{
    keys,
    store::AccountStore,
    user::{StoredUser, read_standing, read_user, standing_of, user_of},
};
use crate::store::{
    error::{StoreError, failed},
    item::{Item, Reader},
    meter::Meter,
};

impl AccountStore {
    /// Returns a user and the account's status: one call.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer or an item is malformed; the same holds for all reads here.
    pub async fn user_with_standing(
        &self,
        meter: &Meter,
        id: UserId,
    ) -> Result<Option<(StoredUser, Standing)>, StoreError> {
        let items = self.about(meter, id, "PROFILE").await?;
        Ok(read_user(id, &items)?.zip(read_standing(id, &items)?))
    }

    /// Returns a user.
    pub async fn user(&self, meter: &Meter, id: UserId) -> Result<Option<StoredUser>, StoreError> {
        let key = keys::profile(id);
        let item = self.database.get(meter, self.app(), &key, true).await?;
        item.map(|item| user_of(id, &Reader::of(&key, &item))).transpose()
    }

    /// Returns the account's status; `None` if the account does not exist.
    pub async fn standing(&self, meter: &Meter, id: UserId) -> Result<Option<Standing>, StoreError> {
        let key = keys::status(id);
        let item = self.database.get(meter, self.app(), &key, true).await?;
        item.map(|item| standing_of(&Reader::of(&key, &item))).transpose()
    }

    /// Reads the user's items from the sort key `from` to the status, consistently.
    pub(super) async fn about(&self, meter: &Meter, id: UserId, from: &str) -> Result<Vec<Item>, StoreError> {
        meter.call();
        let answer = self
            .database
            .client
            .query()
            .table_name(self.app())
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", AttributeValue::S(keys::user(id)))
            .expression_attribute_values(":from", AttributeValue::S(from.to_owned()))
            .expression_attribute_values(":to", AttributeValue::S("STATUS".to_owned()))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed("Query"))?;
        meter.reads(answer.consumed_capacity());
        Ok(answer.items.unwrap_or_default())
    }
}
