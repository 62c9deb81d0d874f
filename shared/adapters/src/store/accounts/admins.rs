//! What administrators do: lists of users, roles, freezing.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, Update};
use domain::{Timestamp, accounts::UserId};

use super::{
    Accounts, Condition, Refused, StoredUser, Told, item::Reader, keys, transaction::Transaction,
    users::user_of,
};
use crate::store::{
    Key, Meter, StoreError,
    codec::{keyed, text},
    failed,
};

/// Some users, by when they came, and how many there are.
#[derive(Clone, Debug)]
pub struct UserPage {
    pub users: Vec<StoredUser>,
    pub total: u32,
}

impl Accounts {
    /// The users after the first `skip`, `limit` at most. Reads all of them, a megabyte (some three thousand) a call: the old contract
    /// tells how many there are.
    ///
    /// # Errors
    /// [`StoreError`] when the engine does not answer or an item is malformed.
    pub async fn users(&self, meter: &Meter, skip: u64, limit: u32) -> Result<UserPage, StoreError> {
        let mut page = UserPage { users: Vec::new(), total: 0 };
        let mut from = None;
        loop {
            meter.call();
            let answer = self
                .client
                .query()
                .table_name(&self.tables.app)
                .index_name("listed")
                .key_condition_expression("listed_in = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(keys::USERS.to_owned()))
                .set_exclusive_start_key(from)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(failed("Query"))?;
            meter.reads(answer.consumed_capacity());
            for item in answer.items() {
                if u64::from(page.total) >= skip && page.users.len() < limit as usize {
                    let pk = text(item, "pk").unwrap_or_default();
                    let key = Key { pk: pk.to_owned(), sk: "PROFILE".to_owned() };
                    let reader = Reader::of(&key, item);
                    page.users.push(user_of(reader.parsed("listed_by")?, &reader)?);
                }
                page.total += 1;
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok(page);
            }
        }
    }

    /// Makes `before` an administrator, or no longer one.
    ///
    /// # Errors
    /// [`Condition::NotTheLast`] for the only one there is, [`Condition::Unchanged`] for a frozen account, or where somebody else was
    /// faster; [`Condition::Administrator`] where `by`, if it is not the operator, is none.
    pub async fn set_role(
        &self,
        meter: &Meter,
        by: Option<UserId>,
        before: &StoredUser,
        is_admin: bool,
        now: Timestamp,
        told: &Told,
    ) -> Result<StoredUser, Refused> {
        let mut after = StoredUser { version: before.version + 1, ..before.clone() };
        after.user.is_admin = is_admin;
        after.user.updated_at = now;
        let status = Update::builder()
            .table_name(&self.tables.app)
            .set_key(Some(keyed(&keys::status(before.user.id))))
            // Whoever counts as an administrator must be able to act as one, and to stay.
            .condition_expression("is_admin = :before AND is_frozen = :no AND attribute_not_exists(deleting)")
            .update_expression("SET is_admin = :after")
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":before", AttributeValue::Bool(!is_admin))
            .expression_attribute_values(":after", AttributeValue::Bool(is_admin));
        let transaction = Transaction::told_by(self, told)?
            .by_admin_unless(by.unwrap_or(before.user.id), before.user.id)?
            .update(Condition::Unchanged, status)?
            .put(Condition::Unchanged, self.replaced(before, &after))?;
        self.counting(transaction, is_admin)?.commit(meter).await?;
        Ok(after)
    }

    /// Counts an administrator more, or one less, of whom one must be left.
    pub(super) fn counting<'a>(
        &self,
        transaction: Transaction<'a>,
        is_more: bool,
    ) -> Result<Transaction<'a>, StoreError> {
        let number = |value: &str| AttributeValue::N(value.to_owned());
        let update = Update::builder()
            .table_name(&self.tables.app)
            .set_key(Some(keyed(&keys::admins())))
            .update_expression("ADD admins :change")
            .expression_attribute_values(":change", number(if is_more { "1" } else { "-1" }));
        if is_more {
            return transaction.update(Condition::None, update);
        }
        let update =
            update.condition_expression("admins > :one").expression_attribute_values(":one", number("1"));
        transaction.update(Condition::NotTheLast, update)
    }

    /// Freezes an account that is no administrator's, or lets it go on.
    ///
    /// # Errors
    /// [`Condition::Unchanged`] for an administrator's, or where there is none; [`Condition::Administrator`] where `by` is none.
    pub async fn set_frozen(
        &self,
        meter: &Meter,
        by: UserId,
        user: UserId,
        is_frozen: bool,
        told: &Told,
    ) -> Result<(), Refused> {
        let update = Update::builder()
            .table_name(&self.tables.app)
            .set_key(Some(keyed(&keys::status(user))))
            .condition_expression("is_admin = :no AND attribute_not_exists(deleting)")
            .update_expression("SET is_frozen = :frozen")
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":frozen", AttributeValue::Bool(is_frozen));
        Transaction::told_by(self, told)?
            .by_admin_unless(by, user)?
            .update(Condition::Unchanged, update)?
            .commit(meter)
            .await
    }
}
