//! A stored user, and the items of its profile and status.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, builders::UpdateBuilder};
use domain::{
    Timestamp,
    accounts::{Email, Standing, User, UserId, Username},
};

use super::keys;
use crate::store::{
    error::StoreError,
    item::{Item, ItemBuilder, Reader, at},
    parts,
};

/// A user and the version that a change is conditioned on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUser {
    pub user: User,
    pub version: u64,
    /// The partition keys of the names and addresses that the user has given up, with the expiry of each reservation.
    pub reserved: BTreeMap<String, Timestamp>,
    /// Whether the user is in the list of users, and counted. Functions of an earlier release do not list users in this way.
    pub is_listed: bool,
}

/// The item of a new profile, which is also in the list of users.
pub(super) fn new_profile(stored: &StoredUser) -> ItemBuilder {
    let id = stored.user.id;
    profile(stored).text("gsi1pk", keys::users(keys::shard(id))).text("gsi1sk", id.to_string())
}

/// The attributes of a profile that a change of it may write.
fn profile(stored: &StoredUser) -> ItemBuilder {
    let User { id, username, email, is_admin, created_at, updated_at } = &stored.user;
    let profile = ItemBuilder::at(&keys::profile(*id))
        .text("username", username.as_str())
        .text("email", email.as_str())
        .flag("is_admin", *is_admin)
        .moment("created_at", *created_at)
        .moment("updated_at", *updated_at)
        .number("version", stored.version);
    if stored.reserved.is_empty() { profile } else { profile.moments("reserved", &stored.reserved) }
}

/// Returns the user with this profile among `items`.
pub(super) fn read_user(id: UserId, items: &[Item]) -> Result<Option<StoredUser>, StoreError> {
    let key = keys::profile(id);
    at(items, &key).map(|item| user_of(id, &Reader::of(&key, item))).transpose()
}

/// Returns a user as it was stored. Reading never validates: one name that today's rules reject must not hide the account.
pub(super) fn user_of(id: UserId, item: &Reader<'_>) -> Result<StoredUser, StoreError> {
    let user = User {
        id,
        username: Username::stored(item.text("username")?.to_owned()),
        email: Email::stored(item.text("email")?.to_owned()),
        is_admin: item.flag("is_admin")?,
        created_at: item.moment("created_at")?,
        updated_at: item.moment("updated_at")?,
    };
    Ok(StoredUser {
        user,
        version: item.parsed("version")?,
        reserved: item.moments("reserved"),
        is_listed: item.has("gsi1pk"),
    })
}

/// Returns the status among `items`.
pub(super) fn read_standing(id: UserId, items: &[Item]) -> Result<Option<Standing>, StoreError> {
    let key = keys::status(id);
    at(items, &key).map(|item| standing_of(&Reader::of(&key, item))).transpose()
}

pub(super) fn standing_of(item: &Reader<'_>) -> Result<Standing, StoreError> {
    Ok(Standing {
        is_admin: item.flag("is_admin")?,
        is_frozen: item.flag("is_frozen")?,
        is_deleting: item.mark("deleting"),
        epoch: item.parsed("epoch")?,
    })
}

/// Changes a profile that must not have changed since it was read.
pub(super) fn replaced(app: &str, before: &StoredUser, after: &StoredUser) -> UpdateBuilder {
    let removed: &[&str] = if after.reserved.is_empty() { &["reserved"] } else { &[] };
    parts::change(app, &keys::profile(after.user.id), profile(after), removed)
        .condition_expression("version = :before")
        .expression_attribute_values(":before", AttributeValue::N(before.version.to_string()))
}
