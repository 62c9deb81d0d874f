//! Users: their names, password hashes and status.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnConsumedCapacity, Update, builders::PutBuilder};
use domain::{
    Timestamp,
    accounts::{Email, Session, Standing, User, UserId, Username},
    audit::Event,
};

use super::{
    AccountStore, ChangeRecord, Condition, Refused,
    item::{NewItem, Reader, at},
    keys,
    listing::listed,
    reservations::RESERVED_FOR,
    transaction::Transaction,
};
use crate::{
    store::{
        Key, Meter, StoreError,
        codec::{Item, keyed, text},
        failed,
    },
    tokens::FamilyId,
};

/// A user and the version that a change is conditioned on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUser {
    pub user: User,
    pub version: u64,
    /// The partition keys of the names and addresses that the user has given up, with the expiry of each reservation.
    pub reserved: BTreeMap<String, Timestamp>,
}

impl StoredUser {
    /// Returns the user after `change`, made at `now`.
    #[must_use]
    pub fn changed(&self, change: &ProfileChange, now: Timestamp) -> Self {
        let ProfileChange { username, email, .. } = change;
        let mut user = self.user.clone();
        user.username = username.clone().unwrap_or(user.username);
        user.email = email.clone().unwrap_or(user.email);
        user.updated_at = now;
        let mut reserved = self.reserved.clone();
        reserved.retain(|_, until| until.is_pending(now, RESERVED_FOR));
        for (old, new) in [
            (keys::username(&self.user.username), keys::username(&user.username)),
            (keys::email(&self.user.email), keys::email(&user.email)),
        ] {
            if old != new {
                reserved.remove(&new.pk);
                reserved.insert(old.pk, now.plus(RESERVED_FOR));
            }
        }
        Self { user, version: self.version + 1, reserved }
    }

    /// Whether `after` claims a user name or an address that belonged to no account, or to another one, before.
    #[must_use]
    pub fn claims_another(&self, after: &Self) -> bool {
        let (before, after) = (&self.user, &after.user);
        keys::username(&before.username) != keys::username(&after.username)
            || keys::email(&before.email) != keys::email(&after.email)
    }
}

/// The look-up key of a sign-in.
#[derive(Clone, Debug)]
pub struct Login(Key);

impl Login {
    /// Parses a user name or an e-mail address. A text that is neither costs the same look-up, which finds nothing.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if let Ok(name) = Username::parse(text) {
            return Self(keys::username(&name));
        }
        match Email::parse(text) {
            Ok(email) => Self(keys::email(&email)),
            // An address that was valid when its account was created; its key is hashed.
            Err(_) if text.contains('@') && text.len() <= Email::MAX => {
                Self(keys::email(&Email::stored(text.to_owned())))
            }
            // A user name that was valid when its account was created.
            Err(_) if is_name_like(text) => Self(keys::username(&Username::stored(text.to_owned()))),
            // No user name contains a question mark.
            Err(_) => {
                Self(Key { pk: format!("USERNAME#?{}", keys::hashed(text)), sk: "USERNAME".to_owned() })
            }
        }
    }

    /// The same text for all spellings of one name or address. It does not reveal whether the account exists.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.pk
    }
}

/// Whether an earlier release may have accepted `text` as a user name.
fn is_name_like(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=80).contains(&text.len()) && text.bytes().all(is_part)
}

/// The stored data that a sign-in is compared with.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub user: StoredUser,
    pub standing: Standing,
    /// The password's hash as a PHC string.
    pub hash: String,
}

/// A new account, with its first session.
#[derive(Debug)]
pub struct NewAccount<'a> {
    pub user: &'a User,
    /// The password's hash as a PHC string.
    pub hash: &'a str,
    pub family: FamilyId,
    pub session: &'a Session,
}

/// A partial update of a user; `None` leaves a field unchanged.
#[derive(Debug, Default)]
pub struct ProfileChange {
    pub username: Option<Username>,
    pub email: Option<Email>,
    /// The hash of the new password as a PHC string. Every session except `kept` ends.
    pub hash: Option<String>,
    /// The session in which the password is changed.
    pub kept: Option<FamilyId>,
}

/// The record of a profile change: an event for each changed field.
#[derive(Debug)]
pub struct ProfileRecord<'a> {
    pub told: &'a ChangeRecord,
    pub more: &'a [Event],
}

impl AccountStore {
    /// Creates an account.
    ///
    /// # Errors
    /// [`Condition::Username`] and [`Condition::Email`] if they belong to another account, or are reserved for one.
    pub async fn register(
        &self,
        meter: &Meter,
        new: &NewAccount<'_>,
        told: &ChangeRecord,
    ) -> Result<(), Refused> {
        let (app, user, now) = (&self.tables.app, new.user, told.event.at);
        let stored = StoredUser { user: user.clone(), version: 1, reserved: BTreeMap::new() };
        let password = NewItem::at(&keys::password(user.id)).text("hash", new.hash);
        let status = NewItem::at(&keys::status(user.id))
            .flag("is_admin", user.is_admin)
            .flag("is_frozen", false)
            .number("epoch", new.session.epoch);
        let transaction = Transaction::told_by(self, told)?
            .put(Condition::Username, self.claim(&keys::username(&user.username), user.id, now))?
            .put(Condition::Email, self.claim(&keys::email(&user.email), user.id, now))?
            .put_new(Condition::Absent, app, profile(&stored))?
            .put_new(Condition::Absent, app, password)?
            .put_new(Condition::Absent, app, status)?
            .put_new(
                Condition::Absent,
                &self.tables.ephemeral,
                super::sessions::item(user.id, new.family, new.session),
            )?;
        self.counting_user(transaction, user.id, true)?.commit(meter).await
    }

    /// Returns the stored data for a sign-in as `login`: two calls, whether the account exists or not.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer or an item is malformed; the same holds for all reads here.
    pub async fn credentials(&self, meter: &Meter, login: &Login) -> Result<Option<Credentials>, StoreError> {
        let Login(key) = login;
        let owner = self.get(meter, &self.tables.app, key, true).await?;
        // A reserved name has no owner.
        let owner = owner.filter(|item| text(item, "user").is_some());
        let id = match &owner {
            Some(item) => Reader::of(key, item).parsed("user")?,
            // An id that belongs to no account: none was created in 1970.
            None => UserId::new(0, [0; 10]),
        };
        let items = self.about(meter, id, "PASSWORD").await?;
        if owner.is_none() {
            return Ok(None);
        }
        let key = keys::password(id);
        let Some(password) = at(&items, &key) else { return Ok(None) };
        let (Some(user), Some(standing)) = (read_user(id, &items)?, read_standing(id, &items)?) else {
            return Ok(None);
        };
        Ok(Some(Credentials { user, standing, hash: Reader::of(&key, password).text("hash")?.to_owned() }))
    }

    /// Returns the credentials of a user with a known id: one call.
    pub async fn credentials_of(&self, meter: &Meter, id: UserId) -> Result<Option<Credentials>, StoreError> {
        let items = self.about(meter, id, "PASSWORD").await?;
        let key = keys::password(id);
        let (Some(password), Some(user), Some(standing)) =
            (at(&items, &key), read_user(id, &items)?, read_standing(id, &items)?)
        else {
            return Ok(None);
        };
        Ok(Some(Credentials { user, standing, hash: Reader::of(&key, password).text("hash")?.to_owned() }))
    }

    /// Returns a user and the account's status: one call.
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
        let item = self.get(meter, &self.tables.app, &key, true).await?;
        item.map(|item| user_of(id, &Reader::of(&key, &item))).transpose()
    }

    /// Returns the account's status; `None` if the account does not exist.
    pub async fn standing(&self, meter: &Meter, id: UserId) -> Result<Option<Standing>, StoreError> {
        let key = keys::status(id);
        let item = self.get(meter, &self.tables.app, &key, true).await?;
        item.map(|item| standing_of(&Reader::of(&key, &item))).transpose()
    }

    /// Replaces `before`, which must be unchanged, with `after`: the result of `change`. The old name and address stay reserved.
    ///
    /// # Errors
    /// [`Condition::Unchanged`], [`Condition::Active`]; [`Condition::Username`] and [`Condition::Email`] if they belong to another account,
    /// or are reserved for one.
    pub async fn change_profile(
        &self,
        meter: &Meter,
        (before, after): (&StoredUser, &StoredUser),
        change: &ProfileChange,
        record: &ProfileRecord<'_>,
    ) -> Result<(), Refused> {
        let (id, now) = (before.user.id, record.told.event.at);
        self.release_expired(meter, before, now).await?;
        let mut transaction = Transaction::told_by(self, record.told)?;
        for event in record.more {
            transaction = transaction.with_event(event)?;
        }
        let (old, new) = (keys::username(&before.user.username), keys::username(&after.user.username));
        transaction = self.moved(transaction, Condition::Username, id, (&old, &new), now)?;
        let (old, new) = (keys::email(&before.user.email), keys::email(&after.user.email));
        transaction = self.moved(transaction, Condition::Email, id, (&old, &new), now)?;
        transaction = transaction.put(Condition::Unchanged, self.replaced(before, after))?;
        transaction = match &change.hash {
            None => transaction.by(id)?,
            Some(hash) => self.with_password(transaction, id, hash, change.kept, now)?,
        };
        transaction.commit(meter).await
    }

    /// Replaces a profile that must not have changed since it was read.
    pub(super) fn replaced(&self, before: &StoredUser, after: &StoredUser) -> PutBuilder {
        Put::builder()
            .table_name(&self.tables.app)
            .set_item(Some(profile(after).build()))
            .condition_expression("version = :before")
            .expression_attribute_values(":before", AttributeValue::N(before.version.to_string()))
    }

    /// Adds a new password, and the end of all sessions but one.
    fn with_password<'a>(
        &self,
        transaction: Transaction<'a>,
        id: UserId,
        hash: &str,
        kept: Option<FamilyId>,
        now: Timestamp,
    ) -> Result<Transaction<'a>, StoreError> {
        let one = || AttributeValue::N("1".to_owned());
        let put = Put::builder()
            .table_name(&self.tables.app)
            .set_item(Some(NewItem::at(&keys::password(id)).text("hash", hash).build()));
        let status = Update::builder()
            .table_name(&self.tables.app)
            .set_key(Some(keyed(&keys::status(id))))
            .condition_expression("is_frozen = :no")
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .update_expression("ADD epoch :one")
            .expression_attribute_values(":one", one());
        let transaction = transaction.put(Condition::None, put)?.update(Condition::Active, status)?;
        let Some(family) = kept else { return Ok(transaction) };
        let session = Update::builder()
            .table_name(&self.tables.ephemeral)
            .set_key(Some(keyed(&keys::session(id, family))))
            .condition_expression("attribute_exists(pk)")
            .update_expression("ADD epoch :one SET password_at = :now")
            .expression_attribute_values(":one", one())
            .expression_attribute_values(":now", AttributeValue::N(now.unix().to_string()));
        transaction.update(Condition::Present, session)
    }

    /// Reads the user's items from the sort key `from` to the status, consistently.
    async fn about(&self, meter: &Meter, id: UserId, from: &str) -> Result<Vec<Item>, StoreError> {
        meter.call();
        let answer = self
            .client
            .query()
            .table_name(&self.tables.app)
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

    pub(super) async fn get(
        &self,
        meter: &Meter,
        table: &str,
        key: &Key,
        consistent: bool,
    ) -> Result<Option<Item>, StoreError> {
        crate::store::read::get(&self.client, meter, table, key, consistent).await
    }

    pub(super) async fn partition(
        &self,
        meter: &Meter,
        table: &str,
        pk: &str,
        prefix: &str,
    ) -> Result<Vec<Item>, StoreError> {
        crate::store::read::partition(&self.client, meter, table, pk, prefix).await
    }
}

fn profile(stored: &StoredUser) -> NewItem {
    let User { id, username, email, is_admin, created_at, updated_at } = &stored.user;
    let profile = NewItem::at(&keys::profile(*id))
        .text("username", username.as_str())
        .text("email", email.as_str())
        .flag("is_admin", *is_admin)
        .moment("created_at", *created_at)
        .moment("updated_at", *updated_at)
        .number("version", stored.version);
    let profile = listed(profile, *id);
    if stored.reserved.is_empty() { profile } else { profile.moments("reserved", &stored.reserved) }
}

fn read_user(id: UserId, items: &[Item]) -> Result<Option<StoredUser>, StoreError> {
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
    Ok(StoredUser { user, version: item.parsed("version")?, reserved: item.moments("reserved") })
}

fn read_standing(id: UserId, items: &[Item]) -> Result<Option<Standing>, StoreError> {
    let key = keys::status(id);
    at(items, &key).map(|item| standing_of(&Reader::of(&key, item))).transpose()
}

fn standing_of(item: &Reader<'_>) -> Result<Standing, StoreError> {
    Ok(Standing {
        is_admin: item.flag("is_admin")?,
        is_frozen: item.flag("is_frozen")?,
        is_deleting: item.mark("deleting"),
        epoch: item.parsed("epoch")?,
    })
}
