//! Refresh tokens.
//!
//! A token is `rt_` followed by, in base64url, the format (1 byte), the user (16), the session (16), its counter (4, big-endian) and an
//! HMAC-SHA-256 (32) of [`LABEL`] and all of these. A successor is computed, not stored, so a client that lost an answer can receive the
//! very same successor again.

use std::{borrow::Cow, fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use domain::accounts::UserId;
use ring::hmac;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::random::unguessable;

const PREFIX: &str = "rt_";
const FORMAT: u8 = 1;
const SIGNED: usize = 37;
/// The length of a whole token, in characters.
const LENGTH: usize = PREFIX.len() + (SIGNED + 32) / 3 * 4;
/// The domain separator of the signature: nothing else is signed with this prefix.
const LABEL: &[u8] = b"pokedex refresh token";

/// The error for a text that is not one of our refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the refresh token is not one of ours")]
pub struct BadRefreshToken;

/// The id of a session: all refresh tokens that follow from one sign-in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FamilyId([u8; 16]);

impl FamilyId {
    /// # Panics
    /// If the machine has no source of randomness.
    #[must_use]
    pub fn random() -> Self {
        Self(unguessable())
    }
}

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.0))
    }
}

impl fmt::Debug for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for FamilyId {
    type Err = BadRefreshToken;

    fn from_str(text: &str) -> Result<Self, BadRefreshToken> {
        let bytes = BASE64.decode(text).map_err(|_| BadRefreshToken)?;
        Ok(Self(bytes.try_into().map_err(|_| BadRefreshToken)?))
    }
}

impl Serialize for FamilyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FamilyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The key that seals refresh tokens.
#[derive(Clone)]
pub struct RefreshKey([u8; 32]);

impl RefreshKey {
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

impl fmt::Debug for RefreshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshKey(…)")
    }
}

impl Serialize for RefreshKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for RefreshKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Even the error must not show the key.
        let wrong = || serde::de::Error::custom("a key of 32 bytes is expected");
        let text = Cow::<str>::deserialize(deserializer).map_err(|_: D::Error| wrong())?;
        let bytes = BASE64.decode(&*text).map_err(|_| wrong())?;
        Ok(Self(bytes.try_into().map_err(|_| wrong())?))
    }
}

/// The content of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    pub user: UserId,
    pub family: FamilyId,
    /// The number of the token: 0 for the first, one more with each rotation.
    pub counter: u32,
}

impl RefreshToken {
    /// Returns the token as text for the client. The text is the same each time.
    #[must_use]
    pub fn seal(&self, key: &RefreshKey) -> String {
        let mut bytes = self.signed().to_vec();
        let tag = hmac::sign(&key.hmac(), &[LABEL, &bytes].concat());
        bytes.extend_from_slice(tag.as_ref());
        format!("{PREFIX}{}", BASE64.encode(bytes))
    }

    /// Parses a token that was sealed with `key`.
    ///
    /// # Errors
    /// [`BadRefreshToken`] for any other text.
    pub fn open(text: &str, key: &RefreshKey) -> Result<Self, BadRefreshToken> {
        let coded = text.strip_prefix(PREFIX).filter(|_| text.len() == LENGTH).ok_or(BadRefreshToken)?;
        let bytes = BASE64.decode(coded).map_err(|_| BadRefreshToken)?;
        let (signed, tag) = bytes.split_first_chunk::<SIGNED>().ok_or(BadRefreshToken)?;
        // Compares in constant time.
        hmac::verify(&key.hmac(), &[LABEL, signed].concat(), tag).map_err(|_| BadRefreshToken)?;
        let (format, rest) = signed.split_first().ok_or(BadRefreshToken)?;
        if *format != FORMAT {
            return Err(BadRefreshToken);
        }
        let (user, rest) = rest.split_first_chunk::<16>().ok_or(BadRefreshToken)?;
        let (family, counter) = rest.split_first_chunk::<16>().ok_or(BadRefreshToken)?;
        Ok(Self {
            user: UserId::from_bytes(*user).map_err(|_| BadRefreshToken)?,
            family: FamilyId(*family),
            counter: u32::from_be_bytes(counter.try_into().map_err(|_| BadRefreshToken)?),
        })
    }

    /// Whether `text` is meant as a refresh token, valid or not: a client that sends one instead of an access token gets a specific error.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Returns the next token; `None` after four thousand million.
    #[must_use]
    pub fn successor(&self) -> Option<Self> {
        Some(Self { counter: self.counter.checked_add(1)?, ..*self })
    }

    fn signed(&self) -> [u8; SIGNED] {
        let mut bytes = [0; SIGNED];
        bytes[0] = FORMAT;
        bytes[1..17].copy_from_slice(self.user.as_bytes());
        bytes[17..33].copy_from_slice(&self.family.0);
        bytes[33..].copy_from_slice(&self.counter.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: RefreshKey = RefreshKey::new([7; 32]);

    fn token() -> RefreshToken {
        RefreshToken { user: UserId::new(1_785_542_400_000, [1; 10]), family: FamilyId([2; 16]), counter: 41 }
    }

    #[test]
    fn a_token_is_opened_by_the_key_that_sealed_it_and_is_always_the_same() {
        let sealed = token().seal(&KEY);
        assert_eq!(RefreshToken::open(&sealed, &KEY), Ok(token()));
        assert_eq!(token().seal(&KEY), sealed);
        assert_eq!(sealed.len(), LENGTH);
        let next = token().successor().expect("far from the last");
        assert_eq!((next.counter, next.family), (42, token().family));
        assert!(next.seal(&KEY) != sealed);
        assert_eq!(RefreshToken { counter: u32::MAX, ..token() }.successor(), None);
    }

    #[test]
    fn a_session_has_one_spelling() {
        let id = FamilyId([0xfb; 16]);
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        let trailing = format!("{}x", &text[..21]);
        for other in
            [format!("{text}=="), text.replace('-', "+"), trailing, format!(" {text}"), text[..20].to_owned()]
        {
            assert!(other == text || other.parse::<FamilyId>().is_err(), "{other}");
        }
    }

    #[test]
    fn a_token_with_a_changed_bit_is_rejected() {
        let sealed = token().seal(&KEY);
        let bytes = BASE64.decode(&sealed[3..]).expect("base64");
        for bit in 0..bytes.len() * 8 {
            let mut modified = bytes.clone();
            modified[bit / 8] ^= 1 << (bit % 8);
            let modified = format!("rt_{}", BASE64.encode(modified));
            assert_eq!(RefreshToken::open(&modified, &KEY), Err(BadRefreshToken), "bit {bit}");
        }
        let other = RefreshKey::new([8; 32]);
        assert_eq!(RefreshToken::open(&sealed, &other), Err(BadRefreshToken));
        for bad in [
            "",
            "rt_",
            "rt_!",
            &sealed[3..],
            &sealed[..LENGTH - 1],
            &format!("{sealed}AA"),
            &sealed.replace("rt_", "RT_"),
        ] {
            assert_eq!(RefreshToken::open(bad, &KEY), Err(BadRefreshToken), "{bad}");
        }
    }
}
