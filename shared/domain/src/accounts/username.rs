//! A user's name.

use serde::Serialize;

use crate::FieldError;

/// A user name, spelled as the user gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Username(String);

/// Keys, without `_`, that no new user name may have: names of roles and routes, and words such as `null`.
const RESERVED: &str = "\
    abuse account accounts admin administrator administrators admins anonymous api auth bot bulk contact daemon default \
    delete deleted edit everybody everyone export false favorites favourites guest health help helpdesk hostmaster info \
    jwks login logout mail mailer me mod moderator moderators myself nan new nil nobody none noreply null official openapi \
    operator owner password pokedex pokemon postmaster private profile public ready refresh register root security self \
    session sessions settings signin signout signup staff staging static status superuser support sync sysadmin system \
    team true undefined unknown user username users version void webmaster wellknown www";

impl Username {
    pub const LENGTH: std::ops::RangeInclusive<usize> = 3..=80;

    /// A name for a new account, or the new name of an account.
    ///
    /// # Errors
    /// [`FieldError`] of `username`, also for a reserved name.
    pub fn choose(text: &str) -> Result<Self, FieldError> {
        let name = Self::parse(text)?;
        let key = name.key().replace('_', "");
        if RESERVED.split(' ').any(|reserved| reserved == key) {
            return Err(FieldError::new("username", "is reserved"));
        }
        Ok(name)
    }

    /// A name as it was stored. Reading never validates: rules may have changed since it was chosen.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// A well-formed name: 3 to 80 of `A-Z`, `a-z`, `0-9` and `_`.
    ///
    /// # Errors
    /// [`FieldError`] of `username`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let wrong = |message: &str| Err(FieldError::new("username", message));
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return wrong("may only contain letters A to Z, digits and _");
        }
        if !Self::LENGTH.contains(&text.len()) {
            return wrong("must have 3 to 80 characters");
        }
        Ok(Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The unique key of the name: names that differ in case only are the same name.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl From<Username> for String {
    fn from(name: Username) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_can_be_read_but_not_chosen() {
        assert!(
            RESERVED.split(' ').all(|word| word.bytes().all(|b| b.is_ascii_lowercase()) && !word.is_empty())
        );
        for reserved in
            ["admin", "ADMIN", "_admin_", "No_Reply", "root", "null", "undefined", "bulk", "me_", "sign_up"]
        {
            let error = Username::choose(reserved).unwrap_err();
            assert_eq!(
                (error.field.as_str(), error.message.as_str()),
                ("username", "is reserved"),
                "{reserved}"
            );
            assert_eq!(Username::parse(reserved).unwrap().as_str(), reserved, "at sign-in");
        }
        for free in ["admin1", "ash_admin", "rooty", "nullify"] {
            assert!(Username::choose(free).is_ok(), "{free}");
        }
        assert!(Username::choose("me").is_err());
    }

    #[test]
    fn a_stored_name_is_never_validated() {
        for stored in ["", "ab", "ash-ketchum", "admin"] {
            assert_eq!(Username::stored(stored.to_owned()).as_str(), stored);
        }
    }

    #[test]
    fn names_are_plain() {
        for good in ["ash", "Ash_Ketchum_1", &"x".repeat(80)] {
            assert_eq!(Username::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(Username::parse("ASH").unwrap().key(), "ash");
        for bad in [
            "",
            "as",
            &"x".repeat(81),
            "ash ketchum",
            "ash-ketchum",
            "a.b.c",
            "flabébé",
            "a\u{0}b",
            "ash\n",
            "аsh",
            "a\u{202e}sh",
            "\u{1b}[31m",
            "${jndi}",
            "<b>",
        ] {
            assert_eq!(Username::parse(bad).unwrap_err().field, "username", "{bad:?}");
        }
    }
}
