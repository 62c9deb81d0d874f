//! Passwords: hashed slowly, never stored, never shown.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use domain::accounts::Password;

use crate::tokens::unguessable;

/// OWASP's advice for Argon2id: 19 MiB, two passes, one lane.
const PARAMS: Params = Params::DEFAULT;

/// The hash of nobody's password: an account that is not there takes as long to be refused as one that is.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LW5vYm9keS1ubw$8Jq0wXhWm8mR0Yy3oQm3xM0b1rIuKp7c3m1pQk0u2fE";

/// A hash that cannot be made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password's hash cannot be made or read")]
pub struct BadHash;

/// What came of holding a password against a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    Wrong,
    Right,
    /// Right, but hashed with less than is asked for today: to be hashed anew.
    RightButWeak,
}

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, PARAMS)
}

/// Hashes `password` with a salt of its own: a PHC string, which names its parameters. Takes some 20 ms and 19 MiB.
///
/// # Errors
/// [`BadHash`] when there is no memory for it.
pub fn hash(password: &Password) -> Result<String, BadHash> {
    let salt: [u8; 16] = unguessable();
    let hash = argon2().hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| BadHash)?;
    Ok(hash.to_string())
}

/// Holds `password` against the hash that an account has; one that has none, as it is not there, takes as long. As long as
/// [`hash`].
///
/// # Errors
/// [`BadHash`] when what is stored is no hash.
pub fn check(password: &Password, stored: Option<&str>) -> Result<Checked, BadHash> {
    let hash = PasswordHash::new(stored.unwrap_or(NOBODY)).map_err(|_| BadHash)?;
    let params = Params::try_from(&hash).map_err(|_| BadHash)?;
    let is_right = argon2().verify_password(password.as_bytes(), &hash).is_ok();
    if !is_right || stored.is_none() {
        return Ok(Checked::Wrong);
    }
    let is_weak = hash.algorithm.as_str() != "argon2id"
        || params.m_cost() < PARAMS.m_cost()
        || params.t_cost() < PARAMS.t_cost();
    Ok(if is_weak { Checked::RightButWeak } else { Checked::Right })
}

/// Whether `password` is one of the first million that anybody would try against an account with these `names`: zxcvbn's lists of
/// common passwords, names and words, keyboard walks, dates and repeats.
#[must_use]
pub fn is_common(password: &Password, names: &[&str]) -> bool {
    zxcvbn::zxcvbn(password.as_str(), names).score() < zxcvbn::Score::Two
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Password {
        Password::typed(text)
    }

    #[test]
    fn a_password_is_held_against_its_hash() {
        let stored = hash(&typed("correct horse")).expect("hashed");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(check(&typed("correct horse"), Some(&stored)), Ok(Checked::Right));
        for wrong in ["", "correct hors", "Correct horse", "correct horse "] {
            assert_eq!(check(&typed(wrong), Some(&stored)), Ok(Checked::Wrong), "{wrong}");
        }
        assert!(hash(&typed("correct horse")).expect("hashed") != stored, "each has a salt of its own");
    }

    #[test]
    fn nobodys_hash_costs_what_any_costs_and_lets_nobody_in() {
        let nobody = Params::try_from(&PasswordHash::new(NOBODY).expect("a hash")).expect("parameters");
        assert_eq!(
            (nobody.m_cost(), nobody.t_cost(), nobody.p_cost()),
            (PARAMS.m_cost(), PARAMS.t_cost(), PARAMS.p_cost())
        );
        assert_eq!(check(&typed("anything"), None), Ok(Checked::Wrong));
    }

    #[test]
    fn a_hash_of_weaker_days_is_told() {
        let weak = Params::new(8 * 1024, 1, 1, None).expect("parameters");
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak);
        let stored = weak.hash_password_with_salt(b"correct horse", &[1; 16]).expect("hashed").to_string();
        assert_eq!(check(&typed("correct horse"), Some(&stored)), Ok(Checked::RightButWeak));
        assert_eq!(check(&typed("wrong"), Some(&stored)), Ok(Checked::Wrong));
        assert_eq!(check(&typed("correct horse"), Some("plain text")), Err(BadHash));
    }

    #[test]
    fn what_everybody_chooses_is_common() {
        for common in [
            "password",
            "12345678",
            "qwertyuiop",
            "P@ssw0rd",
            "iloveyou",
            "aaaaaaaaaaaa",
            "pokemon1",
            "abcdefgh",
        ] {
            assert!(is_common(&typed(common), &[]), "{common}");
        }
        assert!(is_common(&typed("ashketchum"), &["ashketchum", "ash@example.com"]), "one's own name");
        for fine in [
            "correct horse battery",
            "tR4umh4us-9",
            "ashketchum rides lapras",
            "seven lanterns hum at four in the morning, and nobody knows why they never stop",
        ] {
            assert!(!is_common(&typed(fine), &["misty"]), "{fine}");
        }
    }
}
