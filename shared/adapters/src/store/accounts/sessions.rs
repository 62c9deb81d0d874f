//! Sessions, each with one valid refresh token.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::{
    Timestamp,
    accounts::{Session, UserId},
};

use super::{
    condition::{Condition, Refused},
    keys,
    store::AccountStore,
};
use crate::{
    store::{
        error::{StoreError, failed},
        item::{Item, ItemBuilder, Reader, keyed, readable, text},
        key::Key,
        meter::Meter,
        parts,
        receipts::ChangeRecord,
        transaction::Transaction,
    },
    tokens::FamilyId,
};

/// A session and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    pub family: FamilyId,
    pub session: Session,
}

/// A password's hash (old, new) to replace with a stronger one.
type Stronger<'a> = Option<(&'a str, &'a str)>;

impl AccountStore {
    /// Starts a session of `user`, and replaces the password's hash (old, new) if a stronger one is given.
    ///
    /// # Errors
    /// [`Condition::Active`] for an account that was frozen a moment ago, [`Condition::Unchanged`] if the password has changed.
    pub async fn begin_session(
        &self,
        meter: &Meter,
        user: UserId,
        open: &OpenSession,
        stronger: Stronger<'_>,
        record: &ChangeRecord,
    ) -> Result<(), Refused> {
        let session = parts::put_new(self.ephemeral(), item(user, open.family, &open.session));
        let mut transaction =
            Transaction::recorded(&self.database, record).by(user).on(Condition::New, session);
        if let Some((old, new)) = stronger {
            let update = parts::update(self.app(), &keys::password(user))
                .condition_expression("#hash = :old")
                .update_expression("SET #hash = :new")
                .expression_attribute_names("#hash", "hash")
                .expression_attribute_values(":old", AttributeValue::S(old.to_owned()))
                .expression_attribute_values(":new", AttributeValue::S(new.to_owned()));
            transaction = transaction.on(Condition::Unchanged, update);
        }
        transaction.commit(meter).await
    }

    /// Returns a session, expired or not.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer or the item is malformed; the same holds for all reads here.
    pub async fn session(
        &self,
        meter: &Meter,
        user: UserId,
        family: FamilyId,
    ) -> Result<Option<Session>, StoreError> {
        let key = keys::session(user, family);
        let item = self.database.get(meter, self.ephemeral(), &key, true).await?;
        item.map(|item| session_of(&Reader::of(&key, &item))).transpose()
    }

    /// Returns every session of a user that has not been deleted yet.
    pub async fn sessions(&self, meter: &Meter, user: UserId) -> Result<Vec<OpenSession>, StoreError> {
        let table = self.ephemeral();
        let items = self.database.partition(meter, table, &keys::user(user), keys::SESSION).await?;
        let open = |item: &Item| {
            let sk = text(item, "sk").unwrap_or_default();
            let key = Key { pk: keys::user(user), sk: sk.to_owned() };
            let reader = Reader::of(&key, item);
            let family = sk.strip_prefix(keys::SESSION).and_then(|family| family.parse().ok());
            let family = family.ok_or_else(|| reader.wrong("sk"))?;
            Ok(OpenSession { family, session: session_of(&reader)? })
        };
        Ok(readable(&items, open))
    }

    /// Replaces `before` with `after`, if the presented token is still the latest one.
    ///
    /// # Errors
    /// [`Condition::Unchanged`] for all but the first of several simultaneous rotations, [`Condition::Active`] for a frozen account.
    pub async fn rotate(
        &self,
        meter: &Meter,
        user: UserId,
        family: FamilyId,
        (before, after): (&Session, &Session),
        record: &ChangeRecord,
    ) -> Result<(), Refused> {
        let number = |value: i64| AttributeValue::N(value.to_string());
        let update = parts::update(self.ephemeral(), &keys::session(user, family))
            .condition_expression("#counter = :before AND epoch = :epoch")
            .update_expression(
                "SET #counter = :after, created_at = :created_at, rotated_at = :rotated_at, expires_at = :expires_at",
            )
            .expression_attribute_names("#counter", "counter")
            .expression_attribute_values(":before", number(before.counter.into()))
            .expression_attribute_values(":epoch", number(before.epoch.into()))
            .expression_attribute_values(":after", number(after.counter.into()))
            .expression_attribute_values(":created_at", number(after.created_at.unix()))
            .expression_attribute_values(":rotated_at", number(after.rotated_at.unix()))
            .expression_attribute_values(":expires_at", number(after.expires_at.unix()));
        Transaction::recorded(&self.database, record)
            .by(user)
            .on(Condition::Unchanged, update)
            .commit(meter)
            .await
    }

    /// Records that the account's password was entered in a session at `now`. Does not restore a session that has ended.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn record_password(
        &self,
        meter: &Meter,
        user: UserId,
        family: FamilyId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        meter.call();
        let updated = self
            .database
            .client
            .update_item()
            .table_name(self.ephemeral())
            .set_key(Some(keyed(&keys::session(user, family))))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET password_at = :now")
            .expression_attribute_values(":now", AttributeValue::N(now.unix().to_string()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match updated.map_err(failed("UpdateItem")) {
            Ok(updated) => {
                meter.writes(updated.consumed_capacity.as_slice());
                Ok(())
            }
            Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`Condition::Session`] if it had ended before.
    pub async fn end_session(
        &self,
        meter: &Meter,
        user: UserId,
        family: FamilyId,
        record: &ChangeRecord,
    ) -> Result<(), Refused> {
        let end = parts::delete_existing(self.ephemeral(), &keys::session(user, family));
        Transaction::recorded(&self.database, record).on(Condition::Session, end).commit(meter).await
    }
}

pub(super) fn item(user: UserId, family: FamilyId, session: &Session) -> ItemBuilder {
    let Session { counter, created_at, rotated_at, expires_at, epoch, password_at } = session;
    let item = ItemBuilder::at(&keys::session(user, family))
        .number("counter", counter)
        .moment("created_at", *created_at)
        .moment("rotated_at", *rotated_at)
        .moment("expires_at", *expires_at)
        .number("epoch", epoch);
    match password_at {
        Some(password_at) => item.moment("password_at", *password_at),
        None => item,
    }
}

fn session_of(item: &Reader<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        counter: item.parsed("counter")?,
        created_at: item.moment("created_at")?,
        rotated_at: item.moment("rotated_at")?,
        expires_at: item.moment("expires_at")?,
        epoch: item.parsed("epoch")?,
        password_at: item.optional_moment("password_at"),
    })
}
