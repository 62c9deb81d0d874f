//! An e-mail address.

use std::fmt;

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::{FieldError, field::is_unseen};

/// An address, as it was given but for white space around it and how its characters are composed. Nothing shows it by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// In bytes: what a mail server must take (RFC 5321, 4.5.3.1.3, without the brackets).
    pub const MAX: usize = 254;

    /// # Errors
    /// [`FieldError`] of `email`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let wrong = |message: &str| Err(FieldError::new("email", message));
        let text: String = text.trim().chars().take(2 * Self::MAX).nfc().collect();
        if text.len() > Self::MAX {
            return wrong("must have at most 254 bytes");
        }
        if text.chars().any(is_unseen) {
            return wrong("contains invisible characters");
        }
        // The key, too: characters that stand for several may hold what no address can.
        let key = key(&text).filter(|key| key.len() <= Self::MAX && is_address(key));
        if !is_address(&text) || key.is_none() {
            return wrong("must be an e-mail address such as ash@example.com");
        }
        Ok(Self(text))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What must be nobody else's: addresses that differ in case, in how a character is written, or in how a domain is (`exämple.com`,
    /// `xn--exmple-cua.com`) are one.
    #[must_use]
    pub fn key(&self) -> String {
        // There is one, or this would not have been parsed.
        key(&self.0).unwrap_or_default()
    }
}

fn is_address(text: &str) -> bool {
    let plain = Options::default().with_required_tld().without_domain_literal().without_display_text();
    // Quoted local parts are valid, may hold anything, and are nobody's.
    let is_quoted = text.contains(['"', '\\']);
    let last_label = text.rsplit('.').next().unwrap_or_default();
    let is_number = last_label.bytes().all(|b| b.is_ascii_digit());
    !is_quoted && !is_number && EmailAddress::parse_with_options(text, plain).is_ok()
}

/// None where the domain can be nobody's.
fn key(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    // Up and down again: ß and ss, σ and ς are told apart by nobody who types in capitals.
    let local: String =
        local.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect();
    Some(format!("{local}@{domain}"))
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

impl TryFrom<String> for Email {
    type Error = FieldError;

    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_they_are_given() {
        for good in ["ash@example.com", "Ash.Ketchum+pokedex@mail.example.co.uk", "flabébé@exämple.com"] {
            assert_eq!(Email::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(Email::parse(" ash@example.com\n").unwrap().as_str(), "ash@example.com");
        assert_eq!(format!("{:?}", Email::parse("ash@example.com")), "Ok(Email(…))");
    }

    #[test]
    fn one_mailbox_has_one_key() {
        let key = |text: &str| Email::parse(text).unwrap().key();
        assert_eq!(key("Ash@Example.COM"), "ash@example.com");
        for (one, other) in [
            ("flabe\u{301}be\u{301}@example.com", "FLAB\u{c9}B\u{c9}@example.com"),
            ("ash@exämple.com", "ash@xn--exmple-cua.com"),
            ("ash@EXÄMPLE.com", "ash@exa\u{308}mple.com"),
            ("straße@example.com", "STRASSE@example.com"),
            ("νικος@example.com", "ΝΙΚΟΣ@example.com"),
            ("ａｓｈ@example.com", "ash@example.com"),
            ("\u{212a}en@example.com", "ken@example.com"),
            ("a\u{2488}b@example.com", "a1.b@example.com"),
        ] {
            assert_eq!(key(one), key(other), "{one} {other}");
        }
        let key = key("Straße.ΝΙΚΟΣ@exämple.com");
        assert_eq!(Email::parse(&key).unwrap().key(), key, "a key is its own key");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let (long, swollen) =
            (format!("{}@example.com", "a".repeat(250)), format!("{}@example.com", "\u{fdfa}".repeat(21)));
        for bad in [
            "",
            "ash",
            "@example.com",
            "ash@",
            "ash@localhost",
            "a@b@c.com",
            "ash @example.com",
            "Ash <ash@example.com>",
            "\"a b\"@example.com",
            "ash@[127.0.0.1]",
            "ash@127.0.0.1",
            "ash@example..com",
            ".ash@example.com",
            "ash@example.com.",
            "ash@exa!mple.com",
            "ash@example.com,b@c.de",
            "ash@exa\nmple.com",
            "a\u{fdfa}b@example.com",
            "\u{2474}@example.com",
            &long,
            &swollen,
        ] {
            assert_eq!(Email::parse(bad).map_err(|error| error.field), Err("email".to_owned()), "{bad:?}");
            assert!(serde_json::from_str::<Email>(&serde_json::to_string(bad).unwrap()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused_as_such() {
        for unseen in
            ['\0', '\u{1b}', '\u{ad}', '\u{200b}', '\u{202e}', '\u{2066}', '\u{3164}', '\u{ffa0}', '\u{feff}']
        {
            let error = Email::parse(&format!("a{unseen}sh@example.com")).unwrap_err();
            assert_eq!(error.message, "contains invisible characters", "{unseen:?}");
        }
    }
}
