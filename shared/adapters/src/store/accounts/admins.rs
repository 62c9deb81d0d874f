//! Actions of administrators on users: roles and freezing.

use aws_sdk_dynamodb::types::{AttributeValue, builders::UpdateBuilder};
use domain::{Timestamp, accounts::UserId};

use super::{
    condition::{Condition, Refused},
    keys,
    store::AccountStore,
    user::{self, StoredUser},
};
use crate::store::{meter::Meter, parts, receipts::ChangeRecord, transaction::Transaction};

impl AccountStore {
    /// Makes `before` an administrator, or removes that role.
    ///
    /// # Errors
    /// [`Condition::NotTheLast`] for the only administrator, [`Condition::Administrator`] if `by` is not an administrator (`None` means
    /// the operator), [`Condition::Unchanged`] for a frozen account or if another request was faster.
    pub async fn set_role(
        &self,
        meter: &Meter,
        by: Option<UserId>,
        before: &StoredUser,
        is_admin: bool,
        now: Timestamp,
        record: &ChangeRecord,
    ) -> Result<StoredUser, Refused> {
        let mut after = StoredUser { version: before.version + 1, ..before.clone() };
        after.user.is_admin = is_admin;
        after.user.updated_at = now;
        let status = parts::update(self.app(), &keys::status(before.user.id))
            // An account that counts as an administrator must be able to act as one, and must not be in deletion.
            .condition_expression("is_admin = :before AND is_frozen = :no AND attribute_not_exists(deleting)")
            .update_expression("SET is_admin = :after")
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":before", AttributeValue::Bool(!is_admin))
            .expression_attribute_values(":after", AttributeValue::Bool(is_admin));
        let transaction = Transaction::recorded(&self.database, record);
        let transaction = match is_admin {
            true => transaction.with(one_more(self.app())),
            false => transaction.on(Condition::NotTheLast, one_less(self.app())),
        };
        transaction
            .by_admin_unless(by.unwrap_or(before.user.id), before.user.id)
            .on(Condition::Unchanged, status)
            .on(Condition::Unchanged, user::replaced(self.app(), before, &after))
            .commit(meter)
            .await?;
        Ok(after)
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
        record: &ChangeRecord,
    ) -> Result<(), Refused> {
        let status = parts::update(self.app(), &keys::status(user))
            .condition_expression("is_admin = :no AND attribute_not_exists(deleting)")
            .update_expression("SET is_frozen = :frozen")
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":frozen", AttributeValue::Bool(is_frozen));
        Transaction::recorded(&self.database, record)
            .on(Condition::Unchanged, status)
            .by_admin_unless(by, user)
            .commit(meter)
            .await
    }
}

/// Increments the number of administrators.
fn one_more(app: &str) -> UpdateBuilder {
    count(app).expression_attribute_values(":change", number("1"))
}

/// Decrements the number of administrators, of whom at least one must be left.
pub(super) fn one_less(app: &str) -> UpdateBuilder {
    count(app)
        .condition_expression("admins > :one")
        .expression_attribute_values(":change", number("-1"))
        .expression_attribute_values(":one", number("1"))
}

fn count(app: &str) -> UpdateBuilder {
    parts::update(app, &keys::admins()).update_expression("ADD admins :change")
}

fn number(value: &str) -> AttributeValue {
    AttributeValue::N(value.to_owned())
}
