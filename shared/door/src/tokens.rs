//! Verifies and issues access tokens, with keys that are read at most every few minutes.

use std::{sync::Arc, time::Duration};

use adapters::{
    now,
    store::Meter,
    tokens::{Claims, Issuer, Jwks, KeyRing, TokenError, Verifier},
};
use domain::accounts::UserId;

use crate::{kernel::Kernel, problem::Problem};

/// The shortest time between two reads of the public keys for tokens with an unknown key.
const AGAIN: Duration = Duration::from_secs(30);

impl Kernel {
    /// Verifies an access token and returns its claims.
    ///
    /// # Errors
    /// 401 for an invalid token, 503 while the keys cannot be read.
    pub(crate) async fn verify(&self, meter: &Meter, token: &str) -> Result<Claims, Problem> {
        let (verifier, age) = match self.keys.verifier.get() {
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
        self.keys.verifier.set(&verifier);
        Ok(verifier)
    }

    /// Returns the secret keys.
    ///
    /// # Errors
    /// 503 while the secret cannot be read.
    pub async fn ring(&self) -> Result<Arc<KeyRing>, Problem> {
        if let Some((ring, age)) = self.keys.ring.get()
            && age < self.config.keys_kept
        {
            return Ok(ring);
        }
        let source = self.config.signing_keys.as_ref();
        let source = source.ok_or_else(|| Problem::unavailable("SIGNING_KEYS is not set"))?;
        let ring = source.read().await.map_err(|error| Problem::unavailable(error.to_string()))?;
        self.keys.ring.set(&ring);
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
