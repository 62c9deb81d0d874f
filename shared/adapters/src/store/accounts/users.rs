//! Users: their names, their passwords' hashes, what they may do.

use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnConsumedCapacity, Update, builders::PutBuilder,
};
use domain::{
    Timestamp,
    accounts::{Email, Session, Standing, User, UserId, Username},
};

use super::{
    Accounts, Condition, Refused, Told,
    item::{NewItem, Reader, at},
    keys,
    transaction::Transaction,
};
use crate::{
    store::{
        Key, Meter, StoreError,
        codec::{Item, keyed},
        failed,
    },
    tokens::FamilyId,
};

/// A user and the version that a change is conditioned on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUser {
    pub user: User,
    pub version: u64,
}

impl StoredUser {
    /// What it is after `change`, made at `now`.
    #[must_use]
    pub fn changed(&self, change: &ProfileChange, now: Timestamp) -> Self {
        let ProfileChange { username, email, .. } = change;
        let mut user = self.user.clone();
        user.username = username.clone().unwrap_or(user.username);
        user.email = email.clone().unwrap_or(user.email);
        user.updated_at = now;
        Self { user, version: self.version + 1 }
    }
}

/// What somebody signs in with.
#[derive(Clone, Debug)]
pub struct Login(Key);

impl Login {
    /// A user name or an address; whatever is neither is looked for just as well, and not found.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if let Ok(name) = Username::parse(text) {
            return Self(keys::username(&name));
        }
        Self(Email::parse(text).map_or_else(
            // No name has a question mark.
            |_| Key { pk: format!("USERNAME#?{}", keys::hashed(text)), sk: "USERNAME".to_owned() },
            |email| keys::email(&email),
        ))
    }

    /// Equal for all spellings of one name; says nothing of whom it names.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.pk
    }
}

/// What a sign-in is held against.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub user: StoredUser,
    pub standing: Standing,
    /// PHC string.
    pub hash: String,
}

/// An account that is to be made, with its first session.
#[derive(Debug)]
pub struct NewAccount<'a> {
    pub user: &'a User,
    /// PHC string.
    pub hash: &'a str,
    pub family: FamilyId,
    pub session: &'a Session,
}

/// What is to be changed of a user; what is none stays.
#[derive(Debug, Default)]
pub struct ProfileChange {
    pub username: Option<Username>,
    pub email: Option<Email>,
    /// PHC string. Every session but `kept` ends.
    pub hash: Option<String>,
    /// The session in which the password is changed.
    pub kept: Option<FamilyId>,
}

impl Accounts {
    /// Makes an account.
    ///
    /// # Errors
    /// [`Condition::Username`] and [`Condition::Email`] where somebody has them.
    pub async fn register(&self, meter: &Meter, new: &NewAccount<'_>, told: &Told) -> Result<(), Refused> {
        let (app, user) = (&self.tables.app, new.user);
        let stored = StoredUser { user: user.clone(), version: 1 };
        let password = NewItem::at(&keys::password(user.id)).text("hash", new.hash);
        let status = NewItem::at(&keys::status(user.id))
            .flag("is_admin", user.is_admin)
            .flag("is_frozen", false)
            .number("epoch", new.session.epoch);
        Transaction::told_by(self, told)?
            .put_new(Condition::Username, app, owned(&keys::username(&user.username), user.id))?
            .put_new(Condition::Email, app, owned(&keys::email(&user.email), user.id))?
            .put_new(Condition::Absent, app, profile(&stored))?
            .put_new(Condition::Absent, app, password)?
            .put_new(Condition::Absent, app, status)?
            .put_new(
                Condition::Absent,
                &self.tables.ephemeral,
                super::sessions::item(user.id, new.family, new.session),
            )?
            .commit(meter)
            .await
    }

    /// What a sign-in as `login` is held against: two calls, whether there is such an account or not.
    ///
    /// # Errors
    /// [`StoreError`] when the engine does not answer or an item is malformed; so for all reads here.
    pub async fn credentials(&self, meter: &Meter, login: &Login) -> Result<Option<Credentials>, StoreError> {
        let Login(key) = login;
        let owner = self.get(meter, &self.tables.app, key, true).await?;
        let id = match &owner {
            Some(item) => Reader::of(key, item).parsed("user")?,
            // Nobody's: no id was made in 1970.
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

    /// The credentials of a user who is known: one call.
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

    /// A user and what the account may do: one call.
    pub async fn user_with_standing(
        &self,
        meter: &Meter,
        id: UserId,
    ) -> Result<Option<(StoredUser, Standing)>, StoreError> {
        let items = self.about(meter, id, "PROFILE").await?;
        Ok(read_user(id, &items)?.zip(read_standing(id, &items)?))
    }

    /// A user.
    pub async fn user(&self, meter: &Meter, id: UserId) -> Result<Option<StoredUser>, StoreError> {
        let key = keys::profile(id);
        let item = self.get(meter, &self.tables.app, &key, true).await?;
        item.map(|item| user_of(id, &Reader::of(&key, &item))).transpose()
    }

    /// What an account may do; none where there is no such account.
    pub async fn standing(&self, meter: &Meter, id: UserId) -> Result<Option<Standing>, StoreError> {
        let key = keys::status(id);
        let item = self.get(meter, &self.tables.app, &key, true).await?;
        item.map(|item| standing_of(&Reader::of(&key, &item))).transpose()
    }

    /// Puts `after` in the place of `before`, which nobody may have changed: what `change` makes of it.
    ///
    /// # Errors
    /// [`Condition::Unchanged`], [`Condition::Active`], and what is somebody else's.
    pub async fn change_profile(
        &self,
        meter: &Meter,
        (before, after): (&StoredUser, &StoredUser),
        change: &ProfileChange,
        told: &Told,
    ) -> Result<(), Refused> {
        let id = before.user.id;
        let mut transaction = Transaction::told_by(self, told)?;
        let (old, new) = (keys::username(&before.user.username), keys::username(&after.user.username));
        transaction = self.moved(transaction, Condition::Username, id, &old, &new)?;
        let (old, new) = (keys::email(&before.user.email), keys::email(&after.user.email));
        transaction = self.moved(transaction, Condition::Email, id, &old, &new)?;
        transaction = transaction.put(Condition::Unchanged, self.replaced(before, after))?;
        transaction = match &change.hash {
            None => transaction.by(id)?,
            Some(hash) => self.with_password(transaction, id, hash, change.kept)?,
        };
        transaction.commit(meter).await
    }

    /// Puts a profile in the place of another that nobody may have changed.
    pub(super) fn replaced(&self, before: &StoredUser, after: &StoredUser) -> PutBuilder {
        Put::builder()
            .table_name(&self.tables.app)
            .set_item(Some(profile(after).build()))
            .condition_expression("version = :before")
            .expression_attribute_values(":before", AttributeValue::N(before.version.to_string()))
    }

    /// A name that goes from one of the user's own to another, which must be nobody's.
    fn moved<'a>(
        &self,
        transaction: Transaction<'a>,
        condition: Condition,
        id: UserId,
        old: &Key,
        new: &Key,
    ) -> Result<Transaction<'a>, StoreError> {
        if old == new {
            return Ok(transaction);
        }
        let delete = Delete::builder()
            .table_name(&self.tables.app)
            .set_key(Some(keyed(old)))
            .condition_expression("#user = :user")
            .expression_attribute_names("#user", "user")
            .expression_attribute_values(":user", AttributeValue::S(id.to_string()));
        transaction.put_new(condition, &self.tables.app, owned(new, id))?.delete(Condition::Unchanged, delete)
    }

    /// A new password, and the end of all sessions but one.
    fn with_password<'a>(
        &self,
        transaction: Transaction<'a>,
        id: UserId,
        hash: &str,
        kept: Option<FamilyId>,
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
            .update_expression("ADD epoch :one")
            .expression_attribute_values(":one", one());
        transaction.update(Condition::Present, session)
    }

    /// The user's items from the sort key `from` to the standing, read consistently.
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

/// That a name is somebody's.
fn owned(key: &Key, id: UserId) -> NewItem {
    NewItem::at(key).text("user", id.to_string())
}

fn profile(stored: &StoredUser) -> NewItem {
    let User { id, username, email, is_admin, created_at, updated_at } = &stored.user;
    NewItem::at(&keys::profile(*id))
        .text("username", username.as_str())
        .text("email", email.as_str())
        .flag("is_admin", *is_admin)
        .moment("created_at", *created_at)
        .moment("updated_at", *updated_at)
        .number("version", stored.version)
        .text("listed_in", keys::USERS)
        .text("listed_by", id.to_string())
}

fn read_user(id: UserId, items: &[Item]) -> Result<Option<StoredUser>, StoreError> {
    let key = keys::profile(id);
    at(items, &key).map(|item| user_of(id, &Reader::of(&key, item))).transpose()
}

pub(super) fn user_of(id: UserId, item: &Reader<'_>) -> Result<StoredUser, StoreError> {
    let user = User {
        id,
        username: Username::parse(item.text("username")?).map_err(|_| item.wrong("username"))?,
        email: Email::parse(item.text("email")?).map_err(|_| item.wrong("email"))?,
        is_admin: item.flag("is_admin")?,
        created_at: item.moment("created_at")?,
        updated_at: item.moment("updated_at")?,
    };
    Ok(StoredUser { user, version: item.parsed("version")? })
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
