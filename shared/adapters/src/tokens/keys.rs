//! The keys that sign tokens, and their public part.

use std::{collections::BTreeSet, fmt};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use domain::Timestamp;
use jsonwebtoken::EncodingKey;
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{RefreshKey, unguessable};

/// The error for keys that cannot be read. It reveals nothing about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signing keys are not readable")]
pub struct BadKeys;

/// The error for a promotion while tokens of the previous promotion may still be in use, or while verifiers may not know the new keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keys were promoted less than an hour ago")]
pub struct TooSoon;

/// The minimum number of seconds between promotions. It covers a token's lifetime and the time for which verifiers and issuers may
/// cache keys.
const SETTLED: i64 = 3600;

/// The secret. Its holder can act as any user. Verifiers know three of its keys, so that a key is known long before a token is signed
/// with it, and as long afterwards.
#[derive(Serialize, Deserialize)]
pub struct KeyRing {
    /// The key that signed until the last promotion.
    previous: Option<PublicKey>,
    current: KeyPair,
    /// The key that will sign after the next promotion.
    next: KeyPair,
    refresh: RefreshKey,
    pub promoted_at: Timestamp,
}

#[derive(Clone, Serialize, Deserialize)]
struct KeyPair {
    /// The key in PKCS #8 version 2 (RFC 5958), base64url.
    pkcs8: String,
    #[serde(flatten)]
    public: PublicKey,
}

/// A key that verifies tokens, in the format of RFC 8037.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    pub kty: String,
    pub crv: String,
    pub alg: String,
    #[serde(rename = "use")]
    pub purpose: String,
    /// The identifier of the key.
    pub kid: String,
    /// The key, base64url.
    pub x: String,
}

/// A set of keys (RFC 7517), as `/.well-known/jwks.json` returns it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwks {
    pub keys: Vec<PublicKey>,
}

impl KeyRing {
    /// Generates new keys, unrelated to any earlier ones.
    ///
    /// # Panics
    /// If the machine has no source of randomness.
    #[must_use]
    pub fn generate(now: Timestamp) -> Self {
        Self {
            previous: None,
            current: KeyPair::generate(),
            next: KeyPair::generate(),
            refresh: RefreshKey::new(unguessable()),
            promoted_at: now,
        }
    }

    /// Returns the next step of the same secret: `next` signs, and a new key replaces it. If others know the keys, none of them may be used
    /// any more: call [`Self::generate`] instead.
    ///
    /// # Errors
    /// [`TooSoon`] within an hour of the last promotion.
    ///
    /// # Panics
    /// If the machine has no source of randomness.
    pub fn promoted(&self, now: Timestamp) -> Result<Self, TooSoon> {
        if now.elapsed_since(self.promoted_at).is_none_or(|age| age < SETTLED) {
            return Err(TooSoon);
        }
        Ok(Self {
            previous: Some(self.current.public.clone()),
            current: self.next.clone(),
            next: KeyPair::generate(),
            refresh: self.refresh.clone(),
            promoted_at: now,
        })
    }

    /// Returns the same keys, dated `now`. Use it for keys that were dated by a clock that ran ahead.
    #[must_use]
    pub fn redated(&self, now: Timestamp) -> Self {
        let Self { previous, current, next, refresh, promoted_at: _ } = self;
        Self {
            previous: previous.clone(),
            current: current.clone(),
            next: next.clone(),
            refresh: refresh.clone(),
            promoted_at: now,
        }
    }

    /// Returns the keys for verifiers: the previous, the current and the next one.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        let ours = [&self.current.public, &self.next.public];
        Jwks { keys: self.previous.iter().chain(ours).cloned().collect() }
    }

    #[must_use]
    pub const fn refresh(&self) -> &RefreshKey {
        &self.refresh
    }

    /// Returns the id and the key that sign new tokens.
    pub(super) fn current(&self) -> Result<(&str, EncodingKey), BadKeys> {
        let der = BASE64.decode(&self.current.pkcs8).map_err(|_| BadKeys)?;
        Ok((&self.current.public.kid, EncodingKey::from_ed_der(&der)))
    }

    /// Returns the stored form: JSON, which is secret.
    ///
    /// # Errors
    /// Never in practice: it contains nothing that JSON cannot represent.
    pub fn to_json(&self) -> Result<String, BadKeys> {
        serde_json::to_string(self).map_err(|_| BadKeys)
    }

    /// # Errors
    /// [`BadKeys`] for a text that [`Self::to_json`] would not have written.
    pub fn from_json(text: &str) -> Result<Self, BadKeys> {
        let ring: Self = serde_json::from_str(text).map_err(|_| BadKeys)?;
        for pair in [&ring.current, &ring.next] {
            let der = BASE64.decode(&pair.pkcs8).map_err(|_| BadKeys)?;
            let public = PublicKey::of(&Ed25519KeyPair::from_pkcs8(&der).map_err(|_| BadKeys)?);
            if public != pair.public {
                return Err(BadKeys);
            }
        }
        let keys = ring.jwks().keys;
        let kids: BTreeSet<_> = keys.iter().map(|key| &key.kid).collect();
        if kids.len() < keys.len() || !keys.iter().all(PublicKey::is_sound) {
            return Err(BadKeys);
        }
        Ok(ring)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("current", &self.current.public.kid).finish_non_exhaustive()
    }
}

impl KeyPair {
    fn generate() -> Self {
        let der =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("the machine's source of randomness");
        let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("a key that was made just now");
        Self { pkcs8: BASE64.encode(der.as_ref()), public: PublicKey::of(&pair) }
    }
}

impl PublicKey {
    fn of(pair: &Ed25519KeyPair) -> Self {
        Self::from_bytes(pair.public_key().as_ref())
    }

    /// Whether one of our key rings could have published it.
    pub(super) fn is_sound(&self) -> bool {
        BASE64.decode(&self.x).is_ok_and(|key| key.len() == 32 && *self == Self::from_bytes(&key))
    }

    fn from_bytes(key: &[u8]) -> Self {
        Self {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            alg: "EdDSA".to_owned(),
            purpose: "sig".to_owned(),
            kid: BASE64.encode(&Sha256::digest(key)[..12]),
            x: BASE64.encode(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_785_542_400);
    const LATER: Timestamp = Timestamp::from_unix(1_785_546_000);

    #[test]
    fn a_key_is_known_before_it_signs_and_after() {
        let first = KeyRing::generate(NOW);
        assert_eq!(first.promoted(Timestamp::from_unix(NOW.unix() + 3599)).map(|_| ()), Err(TooSoon));
        let second = first.promoted(LATER).expect("an hour has passed");
        let kids = |ring: &KeyRing| ring.jwks().keys.into_iter().map(|key| key.kid).collect::<Vec<_>>();
        let (before, after) = (kids(&first), kids(&second));
        assert_eq!((before.len(), after.len()), (2, 3));
        assert_eq!(after[..2], before[..], "the one that signed, and the one that signs now");
        assert_eq!(second.current().expect("readable").0, before[1]);
        assert!(!before.contains(&after[2]));
    }

    #[test]
    fn keys_dated_by_a_clock_that_ran_ahead_wait_an_hour_from_now() {
        let ahead = KeyRing::generate(LATER);
        assert_eq!(ahead.promoted(NOW).map(|_| ()), Err(TooSoon), "their age is unknown");
        let redated = ahead.redated(NOW);
        assert_eq!(redated.jwks(), ahead.jwks());
        assert!(redated.promoted(LATER).is_ok());
    }

    #[test]
    fn stored_keys_are_read_back_and_corrupted_ones_are_rejected() {
        let ring = KeyRing::generate(NOW).promoted(LATER).expect("an hour has passed");
        let json = ring.to_json().expect("JSON");
        let back = KeyRing::from_json(&json).expect("readable");
        assert_eq!((back.jwks(), back.to_json()), (ring.jwks(), Ok(json.clone())));
        let other = KeyRing::generate(NOW).to_json().expect("JSON");
        let kid = &ring.jwks().keys[1].kid;
        for modified in [
            "",
            "{}",
            &json[1..],
            &other.replacen(&KeyRing::from_json(&other).unwrap().jwks().keys[0].kid, kid, 1),
        ] {
            assert_eq!(KeyRing::from_json(modified).map(|_| ()), Err(BadKeys));
        }
    }

    #[test]
    fn the_secret_is_never_shown() {
        let ring = KeyRing::generate(NOW);
        let (shown, public) = (format!("{ring:?}"), serde_json::to_string(&ring.jwks()).expect("JSON"));
        let refresh = serde_json::to_string(ring.refresh()).expect("JSON");
        for secret in [&ring.current.pkcs8, &ring.next.pkcs8, &refresh.trim_matches('"').to_owned()] {
            assert!(!shown.contains(secret.as_str()) && !public.contains(secret.as_str()));
        }
        assert!(!public.contains("pkcs8") && !public.contains("refresh"), "{public}");
    }
}
