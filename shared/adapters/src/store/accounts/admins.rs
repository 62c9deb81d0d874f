//! Actions of administrators on users: roles and freezing.

use aws_sdk_dynamodb::types::{AttributeValue, Update};
use domain::{Timestamp, accounts::UserId};

use super::{AccountStore, ChangeRecord, Condition, Refused, StoredUser, keys, transaction::Transaction};
use crate::store::{Meter, StoreError, codec::keyed};

impl AccountStore {
    /// Makes `before` an administrator, or removes that role.
    ///
    /// # Errors
    /// [`Condition::NotTheLast`] for the only administrator, [`Condition::Unchanged`] for a frozen account or if another request was
    /// faster; [`Condition::Administrator`] if `by` is not an administrator (`None` means the operator).
    pub async fn set_role(
        &self,
        meter: &Meter,
        by: Option<UserId>,
        before: &StoredUser,
        is_admin: bool,
        now: Timestamp,
        told: &ChangeRecord,
    ) -> Result<StoredUser, Refused> {
        let mut after = StoredUser { version: before.version + 1, ..before.clone() };
        after.user.is_admin = is_admin;
        after.user.updated_at = now;
        let status = Update::builder()
            .table_name(&self.tables.app)
            .set_key(Some(keyed(&keys::status(before.user.id))))
            // An account that counts as an administrator must be able to act as one, and must not be in deletion.
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

    /// Increments or decrements the number of administrators, of whom at least one must be left.
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

    /// Freezes or unfreezes an account that is not an administrator's.
    ///
    /// # Errors
    /// [`Condition::Unchanged`] for the account of an administrator, or if the account does not exist; [`Condition::Administrator`] if `by`
    /// is not an administrator.
    pub async fn set_frozen(
        &self,
        meter: &Meter,
        by: UserId,
        user: UserId,
        is_frozen: bool,
        told: &ChangeRecord,
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
