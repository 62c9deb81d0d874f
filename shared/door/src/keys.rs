//! A cache of the keys of tokens: every function caches the public keys, functions that issue tokens also the secret keys.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use adapters::{
    now,
    store::Meter,
    tokens::{Claims, Issuer, Jwks, KeyRing, TokenError, Verifier},
};
use domain::accounts::UserId;

use crate::{kernel::Kernel, problem::Problem};

/// The shortest time between two reads of the public keys for tokens with an unknown key.
const AGAIN: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(crate) struct Keys {
    verifier: Mutex<Option<(Arc<Verifier>, Instant)>>,
    ring: Mutex<Option<(Arc<KeyRing>, Instant)>>,
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    // Code under this lock only replaces one value with another, so a panic cannot leave it inconsistent.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kernel {
    /// Verifies an access token and returns its claims.
    ///
    /// # Errors
    /// 401 for an invalid token, 503 while the keys cannot be read.
    pub(crate) async fn verify(&self, meter: &Meter, token: &str) -> Result<Claims, Problem> {
        let kept = lock(&self.keys.verifier).clone();
        let (verifier, age) = match kept.map(|(verifier, at)| (verifier, at.elapsed())) {
            Some((verifier, age)) if age < self.config.keys_kept => (verifier, age),
            _ => {
                // A token that no key could make valid is rejected without reading the keys.
                if let Err(error @ (TokenError::Forged | TokenError::Expired)) =
                    Verifier::new(&self.config.issuer(), &Jwks::default()).verify(token, now())
                {
                    return Err(bad_token(error));
                }
                (self.read_verifier(meter).await?, Duration::ZERO)
            }
        };
        match verifier.verify(token, now()) {
            Err(TokenError::UnknownKey) if age >= AGAIN => {
                let verifier = self.read_verifier(meter).await?;
                verifier.verify(token, now()).map_err(bad_token)
            }
            other => other.map_err(bad_token),
        }
    }

    async fn read_verifier(&self, meter: &Meter) -> Result<Arc<Verifier>, Problem> {
        let stored = self.accounts().public_keys(meter).await?;
        let verifier = Arc::new(Verifier::new(&self.config.issuer(), &stored.jwks));
        *lock(&self.keys.verifier) = Some((Arc::clone(&verifier), Instant::now()));
        Ok(verifier)
    }

    /// Returns the secret keys.
    ///
    /// # Errors
    /// 503 while the secret cannot be read.
    pub async fn ring(&self) -> Result<Arc<KeyRing>, Problem> {
        if let Some((ring, at)) = &*lock(&self.keys.ring)
            && at.elapsed() < self.config.keys_kept
        {
            return Ok(Arc::clone(ring));
        }
        let source = self.config.signing_keys.as_ref();
        let source = source.ok_or_else(|| Problem::unavailable("SIGNING_KEYS is not set"))?;
        let ring = source.read().await.map_err(|error| Problem::unavailable(error.to_string()))?;
        *lock(&self.keys.ring) = Some((Arc::clone(&ring), Instant::now()));
        Ok(ring)
    }
}

/// Issues an access token for `user`.
pub fn access_token(
    kernel: &Kernel,
    ring: &KeyRing,
    user: UserId,
    family: adapters::tokens::FamilyId,
) -> Result<String, Problem> {
    let issuer = kernel.config.issuer();
    let issuer = Issuer { issuer: &issuer, keys: ring };
    issuer.issue(user, family, now()).map_err(|error| Problem::internal(error.to_string()))
}

fn bad_token(error: TokenError) -> Problem {
    Problem::bad_token(match error {
        TokenError::Expired => "The access token has expired",
        TokenError::UnknownKey | TokenError::Forged => "Invalid access token",
    })
}
