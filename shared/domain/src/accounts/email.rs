//! An e-mail address.

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::FieldError;

/// An address, as it was given but for white space around it and how its characters are composed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// In bytes: what a mail server must take (RFC 5321, 4.5.3.1.3, without the brackets).
    pub const MAX: usize = 254;

    /// # Errors
    /// [`FieldError`] of `email`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let wrong = |message: &str| Err(FieldError::new("email", message));
        // However a keyboard composes a character.
        let text: String = text.trim().chars().take(2 * Self::MAX).nfc().collect();
        if text.len() > Self::MAX {
            return wrong("must have at most 254 bytes");
        }
        let plain = Options::default().with_required_tld().without_domain_literal().without_display_text();
        // Quoted local parts are valid, may hold anything, and are nobody's.
        if EmailAddress::parse_with_options(&text, plain).is_err() || text.contains(['"', '\\']) {
            return wrong("must be an address such as ash@example.com");
        }
        // Text that shows as another text: directions turned, characters that cannot be seen.
        if text.chars().any(is_deceptive) {
            return wrong("holds characters that cannot be seen");
        }
        Ok(Self(text))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What must be nobody else's: addresses that differ in case, or in how a character is composed, are one.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.nfkc().flat_map(char::to_lowercase).nfkc().collect()
    }
}

fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
    }

    #[test]
    fn one_mailbox_has_one_key() {
        let key = |text: &str| Email::parse(text).unwrap().key();
        assert_eq!(key("Ash@Example.COM"), "ash@example.com");
        assert_eq!(key("flabe\u{301}be\u{301}@example.com"), key("FLAB\u{c9}B\u{c9}@example.com"));
        assert_eq!(key("ａｓｈ@example.com"), "ash@example.com");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(250));
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
            "ash@example..com",
            ".ash@example.com",
            "ash@example.com,b@c.de",
            "a\u{0}sh@example.com",
            "ash\u{202e}@example.com",
            "a\u{200b}sh@example.com",
            "ash@exa\nmple.com",
            &long,
        ] {
            assert_eq!(Email::parse(bad).map_err(|error| error.field), Err("email".to_owned()), "{bad:?}");
        }
    }
}
