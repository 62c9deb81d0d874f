//! A user.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Email, UserId, Username};
use crate::Timestamp;

/// A user, as clients see one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct User {
    pub id: UserId,
    #[schemars(with = "String")]
    pub username: Username,
    #[schemars(with = "String")]
    pub email: Email,
    pub is_admin: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The rights of an account. Every private request reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub is_admin: bool,
    pub is_frozen: bool,
    /// Whether its deletion has begun. Its tokens are no longer valid.
    pub is_deleting: bool,
    /// See [`Session::epoch`](super::Session::epoch).
    pub epoch: u32,
}
