//! The conditions of changes of accounts.

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, builders::ConditionCheckBuilder};
use domain::accounts::UserId;

use super::keys;
use crate::store::{
    item::keyed,
    transaction::{self, Transaction},
};

/// A condition of a change of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The user name is free.
    Username,
    /// The address is free.
    Email,
    /// The account does not exist yet, or the session does not.
    New,
    /// The account exists and is not frozen.
    Active,
    /// The acting user is an administrator and not frozen.
    Administrator,
    /// Another administrator exists.
    NotTheLast,
    /// The item has not changed since it was read.
    Unchanged,
    /// The session has not ended.
    Session,
    /// This Pokémon is a favorite.
    Favorite(u32),
    /// This Pokémon is not a favorite.
    NotFavorite(u32),
    /// No deletion of the account has begun.
    NotDeleting,
    /// No other call has deleted the item.
    Left,
    /// No other request for a sync waits.
    NotRequested,
}

/// The reasons why a change of an account wrote nothing.
pub type Refused = transaction::Refused<Condition>;

/// Checks that the account `user` may write. Changes of every wing may check that, each with a condition of its own.
pub(in crate::store) fn active(app: &str, user: UserId) -> ConditionCheckBuilder {
    standing(app, user).condition_expression("attribute_exists(pk) AND is_frozen = :no")
}

fn standing(app: &str, user: UserId) -> ConditionCheckBuilder {
    ConditionCheck::builder()
        .table_name(app)
        .set_key(Some(keyed(&keys::status(user))))
        .expression_attribute_values(":no", AttributeValue::Bool(false))
}

impl Transaction<'_, Condition> {
    /// Adds the condition that the account `user` may write.
    pub(super) fn by(self, user: UserId) -> Self {
        let check = active(&self.tables().app, user);
        self.on(Condition::Active, check)
    }

    /// Adds the condition that the account `user` may act as an administrator.
    pub(super) fn by_admin(self, user: UserId) -> Self {
        let check = standing(&self.tables().app, user)
            .condition_expression("is_admin = :yes AND is_frozen = :no")
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        self.on(Condition::Administrator, check)
    }

    /// Adds the condition that `by` may act as an administrator, if `by` acts on another user. An action on the caller's own account has a
    /// condition of its own on the same item.
    pub(super) fn by_admin_unless(self, by: UserId, oneself: UserId) -> Self {
        if by == oneself { self } else { self.by_admin(by) }
    }
}
