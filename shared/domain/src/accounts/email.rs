//! An e-mail address.

use std::fmt;

use email_address::{EmailAddress, Options};
use serde::Serialize;
use unicode_normalization::UnicodeNormalization as _;

use crate::{FieldError, field::is_unseen};

/// An address as the user gave it, trimmed and composed (NFC). Its `Debug` output hides it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Email(String);

impl Email {
    /// The longest address, in bytes: what a mail server must accept (RFC 5321, 4.5.3.1.3, without the brackets).
    pub const MAX: usize = 254;

    /// An address as it was stored. Reading never validates: rules may have changed since it was given.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

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
        // The key must be valid as well: a character that folds to several others may introduce one that no address can contain.
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

    /// The unique key of the address: addresses that differ in case, in the composition of a character, or in the spelling of a
    /// domain (`exämple.com`, `xn--exmple-cua.com`) are the same address.
    ///
    /// The key of a stored address that today's rules reject is its folded text.
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.0).unwrap_or_else(|| folded(&self.0))
    }
}

fn is_address(text: &str) -> bool {
    let plain = Options::default().with_required_tld().without_domain_literal().without_display_text();
    // Quoted local parts are valid and may contain anything, but nobody uses them.
    let is_quoted = text.contains(['"', '\\']);
    let last_label = text.rsplit('.').next().unwrap_or_default();
    let is_number = last_label.bytes().all(|b| b.is_ascii_digit());
    !is_quoted && !is_number && EmailAddress::parse_with_options(text, plain).is_ok()
}

/// Returns `None` for a domain that is not valid.
fn key(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    Some(format!("{}@{domain}", folded(local)))
}

/// Folds case and composition. The text goes to upper case and back, so that ß equals ss, and σ equals ς.
fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
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
    fn valid_addresses_are_accepted_as_given() {
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
    fn invalid_addresses_are_rejected() {
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
        }
    }

    #[test]
    fn a_stored_address_is_never_validated_and_has_a_key() {
        for (stored, key) in
            [("Ash@localhost", "ash@localhost"), ("ASH", "ash"), ("ash@exa!mple.com", "ash@exa!mple.com")]
        {
            let email = Email::stored(stored.to_owned());
            assert_eq!((email.as_str(), email.key().as_str()), (stored, key));
        }
    }

    #[test]
    fn invisible_characters_are_rejected_with_their_own_message() {
        for unseen in
            ['\0', '\u{1b}', '\u{ad}', '\u{200b}', '\u{202e}', '\u{2066}', '\u{3164}', '\u{ffa0}', '\u{feff}']
        {
            let error = Email::parse(&format!("a{unseen}sh@example.com")).unwrap_err();
            assert_eq!(error.message, "contains invisible characters", "{unseen:?}");
        }
    }
}
