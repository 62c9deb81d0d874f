//! Access tokens.

use std::{collections::HashMap, time::Duration};

use domain::{Timestamp, accounts::UserId};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};

use super::{BadKeys, FamilyId, Jwks, KeyRing, provider};

/// Whom tokens are for.
pub const AUDIENCE: &str = "pokedex-api";
/// How long a token is good for.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How far clocks may be apart, in seconds.
const LEEWAY: i64 = 30;
/// In bytes; ours have 400.
const LONGEST: usize = 2048;

/// What a token says, and no more: what may change is asked of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: UserId,
    /// The session that it was given in.
    pub sid: FamilyId,
    /// Unix seconds.
    pub iat: i64,
    /// Unix seconds.
    pub exp: i64,
}

/// Why a token is not taken. The client is told no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token has expired")]
    Expired,
    /// A key that was published a moment ago, or never.
    #[error("the token is signed with a key that is not known")]
    UnknownKey,
    #[error("the token is not one of ours")]
    Forged,
}

/// Signs tokens.
#[derive(Debug)]
pub struct Issuer<'a> {
    /// `iss`: one deployment's tokens are no other's.
    pub issuer: &'a str,
    pub keys: &'a KeyRing,
}

impl Issuer<'_> {
    /// A token for the user `sub` in the session `sid`, good from `now` for [`LIFETIME`].
    ///
    /// # Errors
    /// [`BadKeys`] when the key cannot be read.
    pub fn issue(&self, sub: UserId, sid: FamilyId, now: Timestamp) -> Result<String, BadKeys> {
        provider::install();
        let (kid, key) = self.keys.current()?;
        let iat = now.unix();
        let claims = Claims {
            iss: self.issuer.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub,
            sid,
            iat,
            exp: iat + LIFETIME.as_secs() as i64,
        };
        encode(&header(kid), &claims, &key).map_err(|_| BadKeys)
    }
}

/// The one header that a token of ours has.
fn header(kid: &str) -> Header {
    Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) }
}

/// Verifies tokens: knows public keys only.
#[derive(Clone)]
pub struct Verifier {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
}

impl Verifier {
    /// Takes tokens of `issuer` that are signed with one of `jwks`. Keys of another kind than ours are left out.
    #[must_use]
    pub fn new(issuer: &str, jwks: &Jwks) -> Self {
        provider::install();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Held against the caller's clock below, with the other times.
        validation.validate_exp = false;
        let ours = jwks.keys.iter().filter(|key| key.is_sound());
        let keys =
            ours.filter_map(|key| Some((key.kid.clone(), DecodingKey::from_ed_components(&key.x).ok()?)));
        Self { keys: keys.collect(), validation }
    }

    /// What `token` says, where it is ours and good at `now`.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Forged);
        }
        let given = decode_header(token).map_err(|_| TokenError::Forged)?;
        let kid = given.kid.as_deref().unwrap_or_default();
        // A header that says more (where a key might be had, what must be understood) was not written by us.
        if given != header(kid) {
            return Err(TokenError::Forged);
        }
        let key = self.keys.get(kid).ok_or(TokenError::UnknownKey)?;
        let claims = decode::<Claims>(token, key, &self.validation).map_err(|_| TokenError::Forged)?.claims;
        let now = now.unix();
        let lasts = claims.exp.saturating_sub(claims.iat);
        if claims.iat > now.saturating_add(LEEWAY) || !(0..=LIFETIME.as_secs() as i64).contains(&lasts) {
            return Err(TokenError::Forged);
        }
        if claims.exp.saturating_add(LEEWAY) < now {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }
}
