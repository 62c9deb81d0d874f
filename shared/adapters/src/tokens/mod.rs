//! Tokens: what a client shows instead of a password.
//!
//! * [`KeyRing`]: the secret that only who issues tokens reads, from a [`KeySource`]; [`Jwks`] is its public half.
//! * [`Issuer`] and [`Verifier`]: access tokens, JSON Web Tokens (RFC 7519) signed with Ed25519, good for a quarter of an hour.
//! * [`RefreshToken`]: good for one new pair; derived, so that the same successor can be given again without being stored.

mod access;
mod keys;
mod provider;
mod refresh;
mod rotation;
mod source;

pub use access::{AUDIENCE, Claims, Issuer, LIFETIME, TokenError, Verifier};
pub use keys::{BadKeys, Jwks, KeyRing, PublicKey, TooSoon};
pub use refresh::{BadRefreshToken, FamilyId, RefreshKey, RefreshToken};
pub use rotation::{Rotated, Rotation, RotationError, rotate};
pub use source::{KeySource, KeysError};

use ring::rand::{SecureRandom as _, SystemRandom};

/// Bytes that nobody can guess.
///
/// # Panics
/// When the machine has none: nothing that follows would be safe.
#[must_use]
pub fn unguessable<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the machine's source of randomness");
    bytes
}
