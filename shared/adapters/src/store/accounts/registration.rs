//! The registration of an account.

use std::collections::BTreeMap;

use domain::accounts::{Session, User};

use super::{
    condition::{Condition, Refused},
    keys, listing, reservations, sessions,
    store::AccountStore,
    user::{self, StoredUser},
};
use crate::{
    store::{item::ItemBuilder, meter::Meter, parts, receipts::ChangeRecord, transaction::Transaction},
    tokens::FamilyId,
};

/// A new account, with its first session.
#[derive(Debug)]
pub struct NewAccount<'a> {
    pub user: &'a User,
    /// The password's hash as a PHC string.
    pub hash: &'a str,
    pub family: FamilyId,
    pub session: &'a Session,
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
        record: &ChangeRecord,
    ) -> Result<(), Refused> {
        let (app, user, now) = (self.app(), new.user, record.event.at);
        let stored =
            StoredUser { user: user.clone(), version: 1, reserved: BTreeMap::new(), is_listed: true };
        let password = ItemBuilder::at(&keys::password(user.id)).text("hash", new.hash);
        let status = ItemBuilder::at(&keys::status(user.id))
            .flag("is_admin", user.is_admin)
            .flag("is_frozen", false)
            .number("epoch", new.session.epoch);
        let session = sessions::item(user.id, new.family, new.session);
        let username = reservations::claim(app, &keys::username(&user.username), user.id, now);
        let email = reservations::claim(app, &keys::email(&user.email), user.id, now);
        Transaction::recorded(&self.database, record)
            .on(Condition::Username, username)
            .on(Condition::Email, email)
            .on(Condition::New, parts::put_new(app, user::new_profile(&stored)))
            .on(Condition::New, parts::put_new(app, password))
            .on(Condition::New, parts::put_new(app, status))
            .on(Condition::New, parts::put_new(self.ephemeral(), session))
            .with(listing::count(app, keys::shard(user.id), 1))
            .commit(meter)
            .await
    }
}
