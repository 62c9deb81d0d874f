//! Passwords: hashed slowly, never stored, never shown.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{Error, PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
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

/// Holds `password` against the hash that an account has; one that is not there takes as long as one that has today's parameters.
/// As long as [`hash`].
///
/// # Errors
/// [`BadHash`] when what is stored is no hash of ours, or there is no memory for it: nothing is known of the password then.
pub fn check(password: &Password, stored: Option<&str>) -> Result<Checked, BadHash> {
    let hash = PasswordHash::new(stored.unwrap_or(NOBODY)).map_err(|_| BadHash)?;
    let params = Params::try_from(&hash).map_err(|_| BadHash)?;
    let (Some(salt), Some(output)) = (&hash.salt, &hash.hash) else { return Err(BadHash) };
    let is_bearable = params.m_cost() <= 256 * 1024 && params.t_cost() <= 10 && params.p_cost() <= 4;
    if hash.algorithm.as_str() != "argon2id" || !is_bearable {
        return Err(BadHash);
    }
    // The same line whether there is such an account or not; a test counts them.
    tracing::debug!("a password is verified");
    match argon2().verify_password(password.as_bytes(), &hash) {
        Ok(()) if stored.is_none() => return Ok(Checked::Wrong),
        Ok(()) => {}
        Err(Error::PasswordInvalid) => return Ok(Checked::Wrong),
        Err(_) => return Err(BadHash),
    }
    let is_weak = params.m_cost() < PARAMS.m_cost()
        || params.t_cost() < PARAMS.t_cost()
        || hash.version != Some(Version::V0x13.into())
        || output.len() < 32
        || salt.len() < 16;
    Ok(if is_weak { Checked::RightButWeak } else { Checked::Right })
}

/// Whether `password` is one of the first million that anybody would try against an account with these `names`: zxcvbn's lists of
/// common passwords, names and words, keyboard walks, dates and repeats. Its beginning decides: the time that zxcvbn takes grows with
/// the third power of the length, and past thirty characters of a keyboard walk its arithmetic overflows.
#[must_use]
pub fn is_common(password: &Password, names: &[&str]) -> bool {
    let beginning: String = password.as_str().chars().take(24).collect();
    let pieces = names
        .iter()
        .flat_map(|name| name.split(|c: char| !c.is_alphanumeric()))
        .filter(|piece| piece.len() > 2);
    let known: Vec<&str> = names.iter().copied().chain(pieces).chain(["pokedex"]).collect();
    zxcvbn::zxcvbn(&beginning, &known).score() < zxcvbn::Score::Two
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
    fn nothing_that_is_chosen_breaks_the_judgement() {
        for odd in [
            "qw".repeat(50),
            "45".repeat(50),
            "4@8({[<3961!|07$5+2%".repeat(5),
            "aB".repeat(500),
            "🔥".repeat(200),
            String::new(),
        ] {
            let _ = is_common(&typed(&odd), &["abababababababababababababababababababab"]);
        }
    }

    #[test]
    fn a_hash_of_weaker_days_is_told() {
        let weak = Params::new(8 * 1024, 1, 1, None).expect("parameters");
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak);
        let stored = weak.hash_password_with_salt(b"correct horse", &[1; 16]).expect("hashed").to_string();
        assert_eq!(check(&typed("correct horse"), Some(&stored)), Ok(Checked::RightButWeak));
        assert_eq!(check(&typed("wrong"), Some(&stored)), Ok(Checked::Wrong));
        for no_hash in [
            "plain text",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2i$v=19$m=19456,t=2,p=1$bm9ib2R5LW5vYm9keS1ubw$8Jq0wXhWm8mR0Yy3oQm3xM0b1rIuKp7c3m1pQk0u2fE",
            "$argon2id$v=19$m=4294967295,t=2,p=1$bm9ib2R5LW5vYm9keS1ubw$8Jq0wXhWm8mR0Yy3oQm3xM0b1rIuKp7c3m1pQk0u2fE",
        ] {
            assert_eq!(check(&typed("correct horse"), Some(no_hash)), Err(BadHash), "{no_hash}");
        }
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
        let own = ["ash_ketchum", "ashketchum-97@example.com"];
        for name in ["ash_ketchum", "ashketchum", "ASHKETCHUM", "ashketchum97"] {
            assert!(is_common(&typed(name), &own), "one's own name: {name}");
        }
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
