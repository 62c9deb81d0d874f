//! A slug: the lower-case name by which PokeAPI and our routes address a resource.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text of 1 to 100 characters of `a-z`, `0-9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Slug(String);

/// The error for a text that is not a slug.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a slug (1 to 100 characters of a-z, 0-9 and -)")]
pub struct NotASlug(String);

impl Slug {
    /// The maximum length, in bytes.
    pub const MAX: usize = 100;

    /// Parses `text`. Folds upper-case ASCII letters, as people type `Pikachu`.
    ///
    /// # Errors
    /// [`NotASlug`] with the first 100 characters of `text`.
    pub fn parse(text: &str) -> Result<Self, NotASlug> {
        let fits = (1..=Self::MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if fits {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotASlug(text.chars().take(Self::MAX).collect()))
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = NotASlug;

    fn try_from(text: String) -> Result<Self, NotASlug> {
        Self::parse(&text)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_of_pokeapi_are_valid() {
        for text in ["pikachu", "mr-mime", "porygon2", "10000000-volt-thunderbolt", "25"] {
            assert_eq!(Slug::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(Slug::parse("Pikachu").unwrap().as_str(), "pikachu");
    }

    #[test]
    fn other_texts_are_not_slugs() {
        for text in ["", "a b", "flabébé", "a/b", "..", "a_b", "a%20b", "nidoran♀", &"x".repeat(101)] {
            assert!(Slug::parse(text).is_err(), "{text}");
        }
    }
}
