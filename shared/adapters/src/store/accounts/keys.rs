//! The keys of items. See the table in [`super`].

use domain::accounts::{Email, UserId, Username};
use sha2::{Digest as _, Sha256};

use crate::{store::key::Key, tokens::FamilyId};

pub(super) const USERS: &str = "USERS";
pub(super) const COUNT: &str = "COUNT#";
pub(super) const FAVORITE: &str = "FAVORITE#";
pub(super) const SESSION: &str = "SESSION#";

/// Keys appear in errors and traces. Addresses and other typed texts are therefore hashed; a user name is public.
pub(super) fn hashed(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn user(id: UserId) -> String {
    format!("USER#{id}")
}

/// The number of shards of the list of users and of their counter.
pub(super) const SHARDS: u8 = 16;

/// The shard of a user.
pub(super) fn shard(id: UserId) -> u8 {
    id.as_bytes()[15] % SHARDS
}

/// A shard of the list of users.
pub(super) fn users(shard: u8) -> String {
    format!("{USERS}#{shard:02}")
}

/// The counter of one shard of users.
pub(super) fn user_count(shard: u8) -> Key {
    Key { pk: USERS.to_owned(), sk: format!("{COUNT}{shard:02}") }
}

pub(super) fn username(name: &Username) -> Key {
    Key { pk: format!("USERNAME#{}", name.key()), sk: "USERNAME".to_owned() }
}

pub(super) fn email(email: &Email) -> Key {
    Key { pk: format!("EMAIL#{}", hashed(&email.key())), sk: "EMAIL".to_owned() }
}

/// The key of a user name or an address whose partition key is `pk`.
pub(super) fn name(pk: &str) -> Key {
    let kind = pk.split('#').next().unwrap_or_default();
    Key { pk: pk.to_owned(), sk: kind.to_owned() }
}

pub(super) fn profile(id: UserId) -> Key {
    Key { pk: user(id), sk: "PROFILE".to_owned() }
}

pub(super) fn password(id: UserId) -> Key {
    Key { pk: user(id), sk: "PASSWORD".to_owned() }
}

pub(super) fn status(id: UserId) -> Key {
    Key { pk: user(id), sk: "STATUS".to_owned() }
}

pub(super) fn favorite(id: UserId, pokemon: u32) -> Key {
    Key { pk: user(id), sk: format!("{FAVORITE}{pokemon:05}") }
}

pub(super) fn session(id: UserId, family: FamilyId) -> Key {
    Key { pk: user(id), sk: format!("{SESSION}{family}") }
}

pub(super) fn jwks() -> Key {
    Key { pk: "JWKS".to_owned(), sk: "JWKS".to_owned() }
}

pub(super) fn bucket(name: &str, subject: &str) -> Key {
    Key { pk: format!("LIMIT#{name}#{}", hashed(subject)), sk: "BUCKET".to_owned() }
}

/// The turn of the probe.
pub(super) fn probe() -> Key {
    Key { pk: "PROBE".to_owned(), sk: "TURN".to_owned() }
}

pub(super) fn admins() -> Key {
    Key { pk: "ADMINS".to_owned(), sk: "COUNT".to_owned() }
}

pub(super) const DELETIONS: &str = "DELETIONS";

pub(super) fn deletion(id: UserId) -> Key {
    Key { pk: DELETIONS.to_owned(), sk: id.to_string() }
}
