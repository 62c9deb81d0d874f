//! Creates signing keys, and promotes them regularly.

use domain::Timestamp;

use super::{KeyRing, KeySource, KeysError};
use crate::store::{Meter, StoreError, accounts::AccountStore};

/// The result of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// No keys existed, so new ones were created.
    Made,
    /// The next key signs from now on.
    Promoted,
    /// The keys were replaced, so all tokens are invalid.
    Replaced,
    /// Nothing changed, because the keys are recent.
    Rested,
}

/// The kind of rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Creates keys if none exist, and promotes keys older than this many seconds.
    Due(i64),
    /// Replaces the keys because somebody else may have them. Every user is signed out.
    Emergency,
}

#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the keys were promoted less than an hour ago")]
    TooSoon,
}

/// Rotates the keys in `source`. A promotion publishes the public half first: the next run repeats a promotion that was interrupted, and no
/// token is signed with a key that verifiers could not know. A replacement writes the secret first, so that the next run never publishes
/// keys again that others may have; new tokens are rejected until it has published the new ones. Of two rotations at once, one may end with
/// [`StoreError::Conflict`].
///
/// # Errors
/// [`RotationError`].
pub async fn rotate(
    accounts: &AccountStore,
    meter: &Meter,
    source: &KeySource,
    rotation: Rotation,
    now: Timestamp,
) -> Result<Rotated, RotationError> {
    // Read before the secret: a rotation that happens in between raises the version.
    let stored = accounts.public_keys(meter).await?;
    let ring = match source.read().await {
        Ok(ring) => Some(ring),
        Err(KeysError::None(_)) => None,
        // A scheduled rotation does not discard keys that cannot be read.
        Err(KeysError::Bad(_)) if rotation == Rotation::Emergency => None,
        Err(error) => return Err(error.into()),
    };
    let (new, rotated) = match (ring, rotation) {
        (None, Rotation::Due(_)) => (KeyRing::generate(now), Rotated::Made),
        (_, Rotation::Emergency) => (KeyRing::generate(now), Rotated::Replaced),
        (Some(ring), Rotation::Due(age))
            if now.elapsed_since(ring.promoted_at).is_some_and(|old| old >= age) =>
        {
            (ring.promoted(now).map_err(|_| RotationError::TooSoon)?, Rotated::Promoted)
        }
        (Some(ring), Rotation::Due(_)) => {
            // The public keys are outdated after a loss of data.
            if stored.jwks != ring.jwks() {
                accounts.put_public_keys(meter, &ring.jwks(), stored.version).await?;
            }
            // The keys were dated by a clock that ran ahead. Their age counts from now; otherwise they would not be promoted before that
            // date.
            if now.elapsed_since(ring.promoted_at).is_none() {
                source.write(&ring.redated(now)).await?;
            }
            return Ok(Rotated::Rested);
        }
    };
    if rotated == Rotated::Replaced {
        // The secret comes first: after an interruption, the next run publishes the new keys, and never the old ones again.
        source.write(&new).await?;
        accounts.put_public_keys(meter, &new.jwks(), stored.version).await?;
    } else {
        accounts.put_public_keys(meter, &new.jwks(), stored.version).await?;
        source.write(&new).await?;
    }
    Ok(rotated)
}
