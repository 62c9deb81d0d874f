//! `TransactWriteItems` with named conditions, so that a refusal reports which of them failed.

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
    builders::{ConditionCheckBuilder, DeleteBuilder, PutBuilder, UpdateBuilder},
};
use domain::{Timestamp, accounts::UserId, audit::Event};

use super::{AccountStore, ChangeRecord, Receipt, item::NewItem, keys};
use crate::store::{
    Meter, StoreError,
    atomic::{self, NotWritten},
    codec::keyed,
};

/// The condition of one part of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// No condition that can fail.
    None,
    /// The user name is free.
    Username,
    /// The address is free.
    Email,
    /// The account exists and is not frozen.
    Active,
    /// The acting user is an administrator and not frozen.
    Administrator,
    /// The item has not changed since it was read.
    Unchanged,
    /// The item does not exist yet.
    Absent,
    /// The item exists.
    Present,
    /// The client's idempotency key is not in use.
    Receipt,
    /// Another administrator exists.
    NotTheLast,
}

/// The reasons why a transaction wrote nothing.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("a condition did not hold: {0:?}")]
    Conditions(Vec<Condition>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refused {
    /// Whether `condition` is one of those that failed.
    #[must_use]
    pub fn is(&self, condition: Condition) -> bool {
        matches!(self, Self::Conditions(failed) if failed.contains(&condition))
    }
}

impl From<Refused> for StoreError {
    /// For transactions whose conditions can fail only because of another writer.
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Conditions(_) => Self::Conflict { operation: OPERATION },
            Refused::Store(error) => error,
        }
    }
}

const OPERATION: &str = "TransactWriteItems";

/// A transaction that is built part by part.
pub(super) struct Transaction<'a> {
    accounts: &'a AccountStore,
    parts: Vec<(Condition, TransactWriteItem)>,
}

impl<'a> Transaction<'a> {
    /// A transaction that `told` records.
    pub(super) fn told_by(accounts: &'a AccountStore, told: &ChangeRecord) -> Result<Self, StoreError> {
        let new = Self::of(accounts).with_event(&told.event)?;
        match &told.receipt {
            Some(receipt) => new.kept_by(receipt, told.event.at),
            None => Ok(new),
        }
    }

    /// Adds another event of the same change.
    pub(super) fn with_event(self, event: &Event) -> Result<Self, StoreError> {
        let put = Put::builder()
            .table_name(&self.accounts.tables.audit)
            .set_item(Some(super::audit::item(event)))
            .condition_expression("attribute_not_exists(pk)");
        self.put(Condition::None, put)
    }

    /// A transaction without an event.
    pub(super) const fn of(accounts: &'a AccountStore) -> Self {
        Self { accounts, parts: Vec::new() }
    }

    /// A transaction that stores only a receipt, which covers the steps that follow.
    pub(super) fn keeping(
        accounts: &'a AccountStore,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        Self::of(accounts).kept_by(receipt, now)
    }

    fn kept_by(self, receipt: &Receipt, now: Timestamp) -> Result<Self, StoreError> {
        let put = self.accounts.put_receipt(receipt, now);
        self.put(Condition::Receipt, put)
    }

    /// Adds the condition that the account `user` may write.
    pub(super) fn by(self, user: UserId) -> Result<Self, StoreError> {
        let check = self.standing(user).condition_expression("attribute_exists(pk) AND is_frozen = :no");
        self.check(Condition::Active, check)
    }

    /// Adds the condition that the account `user` may act as an administrator.
    pub(super) fn by_admin(self, user: UserId) -> Result<Self, StoreError> {
        let check = self
            .standing(user)
            .condition_expression("is_admin = :yes AND is_frozen = :no")
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        self.check(Condition::Administrator, check)
    }

    /// Adds the same condition if `by` acts on another user. An action on the own account has its own condition on the
    /// same item.
    pub(super) fn by_admin_unless(self, by: UserId, oneself: UserId) -> Result<Self, StoreError> {
        if by == oneself { Ok(self) } else { self.by_admin(by) }
    }

    fn standing(&self, user: UserId) -> ConditionCheckBuilder {
        ConditionCheck::builder()
            .table_name(&self.accounts.tables.app)
            .set_key(Some(keyed(&keys::status(user))))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
    }

    fn with(mut self, condition: Condition, part: TransactWriteItem) -> Self {
        self.parts.push((condition, part));
        self
    }

    pub(super) fn put(self, condition: Condition, put: PutBuilder) -> Result<Self, StoreError> {
        let put = put.build().map_err(|error| incomplete(&error))?;
        Ok(self.with(condition, TransactWriteItem::builder().put(put).build()))
    }

    /// Adds a put of an item that must not exist.
    pub(super) fn put_new(
        self,
        condition: Condition,
        table: &str,
        item: NewItem,
    ) -> Result<Self, StoreError> {
        let put = Put::builder().table_name(table).set_item(Some(item.build()));
        self.put(condition, put.condition_expression("attribute_not_exists(pk)"))
    }

    pub(super) fn update(self, condition: Condition, update: UpdateBuilder) -> Result<Self, StoreError> {
        let update: Update = update.build().map_err(|error| incomplete(&error))?;
        Ok(self.with(condition, TransactWriteItem::builder().update(update).build()))
    }

    pub(super) fn delete(self, condition: Condition, delete: DeleteBuilder) -> Result<Self, StoreError> {
        let delete: Delete = delete.build().map_err(|error| incomplete(&error))?;
        Ok(self.with(condition, TransactWriteItem::builder().delete(delete).build()))
    }

    pub(super) fn check(
        self,
        condition: Condition,
        check: ConditionCheckBuilder,
    ) -> Result<Self, StoreError> {
        let check = check.build().map_err(|error| incomplete(&error))?;
        Ok(self.with(condition, TransactWriteItem::builder().condition_check(check).build()))
    }

    /// Writes all parts or none of them.
    pub(super) async fn commit(self, meter: &Meter) -> Result<(), Refused> {
        let (conditions, items): (Vec<_>, Vec<_>) = self.parts.into_iter().unzip();
        atomic::write(&self.accounts.client, meter, items).await.map_err(|error| match error {
            NotWritten::Conditions(unmet) => {
                Refused::Conditions(unmet.iter().filter_map(|nth| conditions.get(*nth).copied()).collect())
            }
            NotWritten::Store(error) => Refused::Store(error),
        })
    }
}

fn incomplete(error: &dyn std::error::Error) -> StoreError {
    StoreError::Malformed { key: "a transaction".to_owned(), reason: error.to_string() }
}
