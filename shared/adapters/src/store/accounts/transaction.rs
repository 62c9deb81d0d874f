//! What stands or falls together, and which of its conditions did not hold.

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
    builders::{ConditionCheckBuilder, DeleteBuilder, PutBuilder, UpdateBuilder},
};
use domain::{Timestamp, accounts::UserId, audit::Event};

use super::{Accounts, Receipt, Told, item::NewItem, keys};
use crate::store::{
    Meter, StoreError,
    atomic::{self, NotWritten},
    codec::keyed,
};

/// What one part of a transaction asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing that can fail.
    None,
    /// Nobody has the user name.
    Username,
    /// Nobody has the address.
    Email,
    /// The account is there and not frozen.
    Active,
    /// Who acts is an administrator, and not frozen.
    Administrator,
    /// Nobody has changed it since it was read.
    Unchanged,
    /// It is not there yet.
    Absent,
    /// It is there.
    Present,
    /// Nobody else has used the client's key.
    Receipt,
    /// There is another administrator.
    NotTheLast,
}

/// Why a transaction did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("a condition did not hold: {0:?}")]
    Conditions(Vec<Condition>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refused {
    /// Whether `condition` is one that did not hold.
    #[must_use]
    pub fn is(&self, condition: Condition) -> bool {
        matches!(self, Self::Conditions(failed) if failed.contains(&condition))
    }
}

impl From<Refused> for StoreError {
    /// For who asks for nothing that can fail but by another writer.
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Conditions(_) => Self::Conflict { operation: OPERATION },
            Refused::Store(error) => error,
        }
    }
}

const OPERATION: &str = "TransactWriteItems";

/// A transaction that is put together part by part.
pub(super) struct Transaction<'a> {
    accounts: &'a Accounts,
    parts: Vec<(Condition, TransactWriteItem)>,
}

impl<'a> Transaction<'a> {
    /// One that `told` tells of.
    pub(super) fn told_by(accounts: &'a Accounts, told: &Told) -> Result<Self, StoreError> {
        let new = Self::of(accounts).with_event(&told.event)?;
        match &told.receipt {
            Some(receipt) => new.kept_by(receipt, told.event.at),
            None => Ok(new),
        }
    }

    /// Another event, of the same change.
    pub(super) fn with_event(self, event: &Event) -> Result<Self, StoreError> {
        let put = Put::builder()
            .table_name(&self.accounts.tables.audit)
            .set_item(Some(super::audit::item(event)))
            .condition_expression("attribute_not_exists(pk)");
        self.put(Condition::None, put)
    }

    /// One that no event records.
    pub(super) const fn of(accounts: &'a Accounts) -> Self {
        Self { accounts, parts: Vec::new() }
    }

    /// One that keeps a receipt alone: its key stands for what follows.
    pub(super) fn keeping(
        accounts: &'a Accounts,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        Self::of(accounts).kept_by(receipt, now)
    }

    fn kept_by(self, receipt: &Receipt, now: Timestamp) -> Result<Self, StoreError> {
        let put = self.accounts.put_receipt(receipt, now);
        self.put(Condition::Receipt, put)
    }

    /// The account `user` may write.
    pub(super) fn by(self, user: UserId) -> Result<Self, StoreError> {
        let check = self.standing(user).condition_expression("attribute_exists(pk) AND is_frozen = :no");
        self.check(Condition::Active, check)
    }

    /// The account `user` may do what administrators do.
    pub(super) fn by_admin(self, user: UserId) -> Result<Self, StoreError> {
        let check = self
            .standing(user)
            .condition_expression("is_admin = :yes AND is_frozen = :no")
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        self.check(Condition::Administrator, check)
    }

    /// The same for who does it to another; what is done to oneself has a condition of its own on the same item.
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

    /// Puts an item that must not be there.
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
