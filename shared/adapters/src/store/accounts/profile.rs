//! Changes of a profile: names, address and password.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Timestamp,
    accounts::{Email, UserId, Username},
    audit::Event,
};

use super::{
    condition::{Condition, Refused},
    keys,
    reservations::{RESERVED_FOR, claim, reserve},
    store::AccountStore,
    user::{self, StoredUser},
};
use crate::{
    store::{item::ItemBuilder, meter::Meter, parts, receipts::ChangeRecord, transaction::Transaction},
    tokens::FamilyId,
};

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
    pub record: &'a ChangeRecord,
    pub more: &'a [Event],
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
        Self { user, version: self.version + 1, reserved, is_listed: self.is_listed }
    }

    /// Whether `after` claims a user name or an address that did not belong to this account before.
    #[must_use]
    pub fn claims_another(&self, after: &Self) -> bool {
        let (before, after) = (&self.user, &after.user);
        keys::username(&before.username) != keys::username(&after.username)
            || keys::email(&before.email) != keys::email(&after.email)
    }
}

impl AccountStore {
    /// Replaces `before`, which must be unchanged, with `after`: the result of `change`. The old name and address stay reserved.
    ///
    /// # Errors
    /// [`Condition::Session`] if the session in which the password is changed has ended; [`Condition::Username`] and [`Condition::Email`]
    /// if they belong to another account, or are reserved for one; [`Condition::Active`]; [`Condition::Unchanged`].
    pub async fn change_profile(
        &self,
        meter: &Meter,
        (before, after): (&StoredUser, &StoredUser),
        change: &ProfileChange,
        record: &ProfileRecord<'_>,
    ) -> Result<(), Refused> {
        let (app, id, now) = (self.app(), before.user.id, record.record.event.at);
        self.release_expired(meter, before, now).await?;
        let mut transaction = Transaction::recorded(&self.database, record.record);
        for event in record.more {
            transaction = transaction.event(event);
        }
        if let Some(family) = change.kept.filter(|_| change.hash.is_some()) {
            transaction = self.keeping_session(transaction, id, family, now);
        }
        // Keys of earlier releases may differ from today's: then there is nothing at the old key.
        let names = [
            (
                Condition::Username,
                keys::username(&before.user.username),
                keys::username(&after.user.username),
            ),
            (Condition::Email, keys::email(&before.user.email), keys::email(&after.user.email)),
        ];
        let moved = || names.iter().filter(|(_, old, new)| old != new);
        for (condition, _, new) in moved() {
            transaction = transaction.on(*condition, claim(app, new, id, now));
        }
        transaction = match &change.hash {
            None => transaction.by(id),
            Some(hash) => self.with_password(transaction, id, hash),
        };
        for (_, old, _) in moved() {
            transaction = transaction.on(Condition::Unchanged, reserve(app, old, id, now));
        }
        transaction.on(Condition::Unchanged, user::replaced(app, before, after)).commit(meter).await
    }

    /// Adds a new password, which ends all sessions of the account's former epoch.
    fn with_password<'a>(
        &self,
        transaction: Transaction<'a, Condition>,
        id: UserId,
        hash: &str,
    ) -> Transaction<'a, Condition> {
        let password = ItemBuilder::at(&keys::password(id)).text("hash", hash);
        let status = parts::update(self.app(), &keys::status(id))
            .condition_expression("is_frozen = :no")
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .update_expression("ADD epoch :one")
            .expression_attribute_values(":one", one());
        let password = parts::change(self.app(), &keys::password(id), password, &[]);
        transaction.on(Condition::Active, status).with(password)
    }

    /// Adds the session that stays when the password changes.
    fn keeping_session<'a>(
        &self,
        transaction: Transaction<'a, Condition>,
        id: UserId,
        family: FamilyId,
        now: Timestamp,
    ) -> Transaction<'a, Condition> {
        let session = parts::update(self.ephemeral(), &keys::session(id, family))
            .condition_expression("attribute_exists(pk)")
            .update_expression("ADD epoch :one SET password_at = :now")
            .expression_attribute_values(":one", one())
            .expression_attribute_values(":now", AttributeValue::N(now.unix().to_string()));
        transaction.on(Condition::Session, session)
    }
}

fn one() -> AttributeValue {
    AttributeValue::N("1".to_owned())
}
