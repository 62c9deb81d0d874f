//! A user's name.

use serde::{Deserialize, Serialize};

use crate::FieldError;

/// 3 to 80 of `A-Z`, `a-z`, `0-9` and `_`, as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

impl Username {
    pub const LENGTH: std::ops::RangeInclusive<usize> = 3..=80;

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

    /// What must be nobody else's: names that differ in case only are one name.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl TryFrom<String> for Username {
    type Error = FieldError;

    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::parse(&text)
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
    fn reading_json_is_parsing() {
        assert_eq!(serde_json::from_str::<Username>("\"Ash\"").unwrap(), Username::parse("Ash").unwrap());
        assert!(serde_json::from_str::<Username>("\"\"").is_err());
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
