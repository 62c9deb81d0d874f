//! Tokens, which a client sends instead of a password.
//!
//! * [`KeyRing`]: the secret, which only issuers of tokens read, from a [`KeySource`]; [`Jwks`] is its public half.
//! * [`Issuer`] and [`Verifier`]: access tokens, which are JSON Web Tokens (RFC 7519) signed with Ed25519, valid for a quarter of an hour.
//! * [`RefreshToken`]: a token valid for one new pair; it is derived, so that the same successor can be issued again without being stored.

mod access;
mod keys;
mod provider;
mod random;
mod refresh;
mod rotation;
mod source;

pub use access::{AUDIENCE, Claims, Issuer, LIFETIME, TokenError, Verifier};
pub use keys::{BadKeys, Jwks, KeyRing, PublicKey, TooSoon};
pub use random::unguessable;
pub use refresh::{BadRefreshToken, FamilyId, RefreshKey, RefreshToken};
pub use rotation::{Rotated, Rotation, RotationError, rotate};
pub use source::{KeySource, KeysError};
