//! The stored data of a sign-in.

use domain::accounts::{Email, Standing, UserId, Username};

use super::{
    keys,
    store::AccountStore,
    user::{StoredUser, read_standing, read_user},
};
use crate::store::{
    error::StoreError,
    item::{Reader, at, text},
    key::Key,
    meter::Meter,
};

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

impl AccountStore {
    /// Returns the stored data for a sign-in as `login`: two calls, whether the account exists or not.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer or an item is malformed; the same holds for all reads here.
    pub async fn credentials(&self, meter: &Meter, login: &Login) -> Result<Option<Credentials>, StoreError> {
        let Login(key) = login;
        let owner = self.database.get(meter, self.app(), key, true).await?;
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
}
