//! Password hashes. A password itself is never stored and never printed.

mod common;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use domain::accounts::Password;

pub use common::is_common;

use crate::tokens::unguessable;

/// OWASP's recommendation for Argon2id: 19 MiB, two passes, one lane.
const PARAMS: Params = Params::DEFAULT;

/// A hash that matches no password: rejecting a sign-in to an account that does not exist takes as long as to one that does.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LW5vYm9keS1ubw$8Jq0wXhWm8mR0Yy3oQm3xM0b1rIuKp7c3m1pQk0u2fE";

/// The error for a hash that cannot be computed or parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password's hash cannot be made or read")]
pub struct BadHash;

/// The result of comparing a password with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    Wrong,
    Right,
    /// The password is right, but its hash has weaker parameters than today's and should be replaced.
    RightButWeak,
}

/// The memory that hashes are computed in: 19 MiB, allocated once and reused. An allocator would keep as much for each thread that
/// ever computed one.
#[derive(Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    /// Hashes `password` with a random salt: a PHC string, which names its parameters. Takes some 20 ms.
    ///
    /// # Errors
    /// [`BadHash`] if there is not enough memory.
    pub fn hash(&mut self, password: &Password) -> Result<String, BadHash> {
        let salt: [u8; 16] = unguessable();
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        self.compute(Version::V0x13, &PARAMS, password, &salt, &mut output)?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&PARAMS).map_err(|_| BadHash)?,
            salt: Some(Salt::new(&salt).map_err(|_| BadHash)?),
            hash: Some(Output::new(&output).map_err(|_| BadHash)?),
        };
        Ok(hash.to_string())
    }

    /// Compares `password` with the stored hash of an account. Takes as long for an account that does not exist as for one whose hash
    /// has today's parameters: as long as [`Self::hash`].
    ///
    /// # Errors
    /// [`BadHash`] if the stored text is not one of our hashes, or if there is not enough memory. The password was not compared in these
    /// cases.
    pub fn check(&mut self, password: &Password, stored: Option<&str>) -> Result<Checked, BadHash> {
        let hash = PasswordHash::new(stored.unwrap_or(NOBODY)).map_err(|_| BadHash)?;
        let params = Params::try_from(&hash).map_err(|_| BadHash)?;
        let version = hash.version.map(Version::try_from).transpose().map_err(|_| BadHash)?;
        let (Some(salt), Some(output)) = (&hash.salt, &hash.hash) else { return Err(BadHash) };
        let is_bearable = params.m_cost() <= 256 * 1024 && params.t_cost() <= 10 && params.p_cost() <= 4;
        if hash.algorithm != Algorithm::Argon2id.ident() || !is_bearable {
            return Err(BadHash);
        }
        // Both cases log the same line, whether the account exists or not; a test counts the lines.
        tracing::debug!("a password is verified");
        let mut buffer = [0; Output::MAX_LENGTH];
        let computed = buffer.get_mut(..output.len()).ok_or(BadHash)?;
        self.compute(version.unwrap_or_default(), &params, password, salt, computed)?;
        // Outputs are compared in constant time.
        if Output::new(computed).map_err(|_| BadHash)? != *output || stored.is_none() {
            return Ok(Checked::Wrong);
        }
        let is_weak = params.m_cost() < PARAMS.m_cost()
            || params.t_cost() < PARAMS.t_cost()
            || version != Some(Version::V0x13)
            || output.len() < 32
            || salt.len() < 16;
        Ok(if is_weak { Checked::RightButWeak } else { Checked::Right })
    }

    fn compute(
        &mut self,
        version: Version,
        params: &Params,
        password: &Password,
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), BadHash> {
        let argon2 = Argon2::new(Algorithm::Argon2id, version, params.clone());
        let (needed, kept) = (params.block_count(), PARAMS.block_count());
        if needed > kept {
            // Only as much memory as today's parameters need is kept.
            let larger = blocks(needed)?;
            return argon2
                .hash_password_into_with_memory(password.as_bytes(), salt, output, larger)
                .map_err(|_| BadHash);
        }
        if self.0.is_empty() {
            self.0 = blocks(kept)?;
        }
        argon2
            .hash_password_into_with_memory(password.as_bytes(), salt, output, &mut self.0)
            .map_err(|_| BadHash)
    }
}

fn blocks(count: usize) -> Result<Vec<Block>, BadHash> {
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(count).map_err(|_| BadHash)?;
    blocks.resize(count, Block::new());
    Ok(blocks)
}

/// Calls [`Memory::hash`] with newly allocated memory.
///
/// # Errors
/// The errors of [`Memory::hash`].
pub fn hash(password: &Password) -> Result<String, BadHash> {
    Memory::default().hash(password)
}

/// Calls [`Memory::check`] with newly allocated memory.
///
/// # Errors
/// The errors of [`Memory::check`].
pub fn check(password: &Password, stored: Option<&str>) -> Result<Checked, BadHash> {
    Memory::default().check(password, stored)
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordHasher as _;

    use super::*;

    fn typed(text: &str) -> Password {
        Password::typed(text)
    }

    #[test]
    fn a_password_is_compared_with_its_hash() {
        let stored = hash(&typed("correct horse")).expect("hashed");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(check(&typed("correct horse"), Some(&stored)), Ok(Checked::Right));
        for wrong in ["", "correct hors", "Correct horse", "correct horse "] {
            assert_eq!(check(&typed(wrong), Some(&stored)), Ok(Checked::Wrong), "{wrong}");
        }
        assert!(hash(&typed("correct horse")).expect("hashed") != stored, "each has a salt of its own");
    }

    #[test]
    fn the_hash_of_unknown_accounts_costs_the_same_and_matches_no_password() {
        let nobody = Params::try_from(&PasswordHash::new(NOBODY).expect("a hash")).expect("parameters");
        assert_eq!(
            (nobody.m_cost(), nobody.t_cost(), nobody.p_cost()),
            (PARAMS.m_cost(), PARAMS.t_cost(), PARAMS.p_cost())
        );
        assert_eq!(check(&typed("anything"), None), Ok(Checked::Wrong));
    }

    #[test]
    fn a_hash_with_weaker_parameters_is_reported() {
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
    fn reused_memory_does_not_change_a_hash() {
        let weak = Params::new(8 * 1024, 1, 1, None).expect("parameters");
        let strong = Params::new(24 * 1024, 1, 2, None).expect("parameters");
        let with = |params| Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let stored = |params| {
            with(params).hash_password_with_salt(b"correct horse", &[1; 16]).expect("hashed").to_string()
        };
        let hashes = [stored(PARAMS), stored(weak), stored(strong)];
        let mut memory = Memory::default();
        for _ in 0..2 {
            for hash in &hashes {
                let right = memory.check(&typed("correct horse"), Some(hash)).expect("it is a hash");
                assert!(right != Checked::Wrong, "{hash}");
                assert_eq!(memory.check(&typed("wrong"), Some(hash)), Ok(Checked::Wrong));
            }
            assert_eq!(memory.check(&typed("correct horse"), None), Ok(Checked::Wrong));
        }
        assert_eq!(memory.0.capacity(), PARAMS.block_count(), "a larger hash leaves nothing behind");
    }
}
