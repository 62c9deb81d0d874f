//! A password, as somebody has typed it.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

use crate::FieldError;

/// A password, long enough to be chosen. Nothing shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// In characters.
    pub const MIN: usize = 8;
    /// In bytes: more is no longer a password but a load.
    pub const MAX: usize = 1024;

    /// A password that is chosen. Whether it is a common one is not known here.
    ///
    /// # Errors
    /// [`FieldError`] of `password`.
    pub fn choose(text: &str) -> Result<Self, FieldError> {
        let wrong = |message: &str| Err(FieldError::new("password", message));
        if text.len() > Self::MAX {
            return wrong("must have at most 1,024 bytes");
        }
        if text.chars().count() < Self::MIN {
            return wrong("must have at least 8 characters");
        }
        Ok(Self::typed(text))
    }

    /// A password that is offered: right or wrong, whatever it is. Of an endless one the beginning, which is wrong.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        let text: &str = text.get(..text.floor_char_boundary(Self::MAX)).unwrap_or_default();
        // However a keyboard composes a character (NIST SP 800-63B, 3.1.1.2).
        Self(text.nfkc().collect())
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

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_all_that_is_asked() {
        for good in ["pikachu1", "        ", "pässwörd", "🔥🔥🔥🔥🔥🔥🔥🔥", &"x".repeat(1024)]
        {
            assert!(Password::choose(good).is_ok(), "{good}");
        }
        for bad in ["", "pikachu", "🔥🔥", &"x".repeat(1025)] {
            assert_eq!(Password::choose(bad).unwrap_err().field, "password", "{bad}");
        }
    }

    #[test]
    fn one_password_however_it_is_composed() {
        assert_eq!(Password::typed("pa\u{308}sswort"), Password::typed("p\u{e4}sswort"));
    }

    #[test]
    fn it_is_never_shown() {
        assert_eq!(format!("{:?}", Password::typed("hunter2")), "Password(…)");
    }

    #[test]
    fn an_endless_one_is_cut_between_characters() {
        assert!(Password::typed(&"é".repeat(100_000)).as_bytes().len() <= Password::MAX);
    }
}
