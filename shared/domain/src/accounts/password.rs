//! A password as a user typed it.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

use crate::FieldError;

/// A normalised password. Its `Debug` output hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The minimum length in characters, after normalisation.
    pub const MIN: usize = 8;
    /// The maximum length in bytes, after normalisation: longer input only wastes memory and time.
    pub const MAX: usize = 1024;

    /// Parses a password for an account. Does not check whether it is a common one.
    ///
    /// # Errors
    /// [`FieldError`] of `password`.
    pub fn choose(text: &str) -> Result<Self, FieldError> {
        let wrong = |message: &str| Err(FieldError::new("password", message));
        let Some(normalised) = normalised(text) else { return wrong("must have at most 1,024 bytes") };
        if normalised.chars().count() < Self::MIN {
            return wrong("must have at least 8 characters");
        }
        Ok(Self(normalised))
    }

    /// Parses a password for a sign-in, whatever its length. A password above the maximum length becomes empty: no account can have either.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        Self(normalised(text).unwrap_or_default())
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Normalises the composition of characters, which differs between keyboards (NIST SP 800-63B, 3.1.1.2). Returns `None` if the result is
/// longer than [`Password::MAX`].
fn normalised(text: &str) -> Option<String> {
    let mut normalised = String::new();
    for c in text.nfkc() {
        normalised.push(c);
        if normalised.len() > Password::MAX {
            return None;
        }
    }
    Some(normalised)
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_length_of_a_password_is_checked() {
        for good in ["pikachu1", "        ", "pässwörd", "🔥🔥🔥🔥🔥🔥🔥🔥", &"x".repeat(1024)]
        {
            assert!(Password::choose(good).is_ok(), "{good}");
        }
        for bad in ["", "pikachu", "🔥🔥", &"x".repeat(1025)] {
            assert_eq!(Password::choose(bad).unwrap_err().field, "password", "{bad}");
        }
    }

    #[test]
    fn composition_does_not_change_a_password() {
        assert_eq!(Password::typed("pa\u{308}sswort"), Password::typed("p\u{e4}sswort"));
    }

    #[test]
    fn debug_output_hides_the_password() {
        assert_eq!(format!("{:?}", Password::typed("hunter2")), "Password(…)");
    }

    #[test]
    fn the_normalised_length_of_a_password_counts() {
        assert!(Password::choose(&"e\u{301}".repeat(4)).is_err(), "four letters, however they are composed");
        assert!(
            Password::choose(&"\u{fdfa}".repeat(341)).is_err(),
            "one character, eighteen once normalised"
        );
        let composed = "\u{e9}".repeat(400);
        let decomposed = "e\u{301}".repeat(400);
        assert_eq!(
            Password::choose(&composed).unwrap(),
            Password::typed(&decomposed),
            "800 bytes, and 1,200"
        );
    }

    #[test]
    fn a_password_does_not_match_its_own_beginning() {
        let longest = Password::choose(&"x".repeat(1024)).unwrap();
        for longer in [1025, 100_000] {
            assert_eq!(Password::typed(&"x".repeat(longer)).as_bytes(), b"");
        }
        assert_eq!(Password::typed(&"x".repeat(1024)), longest);
    }
}
