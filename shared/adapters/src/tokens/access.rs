//! Access tokens.

use std::{collections::HashMap, time::Duration};

use domain::{Timestamp, accounts::UserId};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};

use super::{BadKeys, FamilyId, Jwks, KeyRing, provider};

/// The audience of the tokens.
pub const AUDIENCE: &str = "pokedex-api";
/// The lifetime of a token.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The tolerated difference between clocks, in seconds.
const LEEWAY: i64 = 30;
/// The maximum length of a token in bytes; ours have 400.
const LONGEST: usize = 2048;

/// The claims of a token. They contain nothing that can change: such data is read from the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: UserId,
    /// The session in which the token was issued.
    pub sid: FamilyId,
    /// Unix seconds.
    pub iat: i64,
    /// Unix seconds.
    pub exp: i64,
}

/// The reasons for rejecting a token. The client receives no further details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token has expired")]
    Expired,
    /// The key was published a moment ago, or never.
    #[error("the token is signed with a key that is not known")]
    UnknownKey,
    #[error("the token is not one of ours")]
    Forged,
}

/// Signs tokens.
#[derive(Debug)]
pub struct Issuer<'a> {
    /// The `iss` claim: tokens of one deployment are not valid in another.
    pub issuer: &'a str,
    pub keys: &'a KeyRing,
}

impl Issuer<'_> {
    /// Issues a token for the user `sub` in the session `sid`, valid from `now` for [`LIFETIME`].
    ///
    /// # Errors
    /// [`BadKeys`] if the key cannot be read.
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

/// The only header that our tokens have.
fn header(kid: &str) -> Header {
    Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) }
}

/// Verifies tokens; it knows public keys only.
#[derive(Clone)]
pub struct Verifier {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
}

impl Verifier {
    /// Accepts tokens of `issuer` that are signed with one of `jwks`. Ignores keys of other types than ours.
    #[must_use]
    pub fn new(issuer: &str, jwks: &Jwks) -> Self {
        provider::install();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Checked against the caller's clock below, with the other times.
        validation.validate_exp = false;
        let ours = jwks.keys.iter().filter(|key| key.is_sound());
        let keys =
            ours.filter_map(|key| Some((key.kid.clone(), DecodingKey::from_ed_components(&key.x).ok()?)));
        Self { keys: keys.collect(), validation }
    }

    /// Returns the claims of `token`, if we issued it and it is valid at `now`.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Forged);
        }
        let received = decode_header(token).map_err(|_| TokenError::Forged)?;
        let kid = received.kid.as_deref().unwrap_or_default();
        // We never write a header with more fields (such as the address of a key, or required extensions).
        if received != header(kid) {
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
