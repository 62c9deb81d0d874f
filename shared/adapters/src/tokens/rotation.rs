//! Keys that are made, and promoted from time to time.

use domain::Timestamp;

use super::{KeyRing, KeySource, KeysError};
use crate::store::{Meter, StoreError, accounts::Accounts};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// There were none.
    Made,
    /// The next key signs from now on.
    Promoted,
    /// All tokens are void: the keys were replaced by others.
    Replaced,
    /// Nothing: the keys are young.
    Rested,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Make keys where there are none, promote those older than so many seconds.
    Due(i64),
    /// Replace the keys: somebody else may have them. Whoever is signed in is signed out.
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

/// Rotates the keys in `source`. A promotion shows the public half first: what dies between is done again by the next run, and no token
/// is signed that verifiers could not know. A replacement writes the secret first, so that the next run never shows keys again that
/// others may have; until it has shown the new ones, new tokens are refused. Of two at once, one may end as [`StoreError::Conflict`].
///
/// # Errors
/// [`RotationError`].
pub async fn rotate(
    accounts: &Accounts,
    meter: &Meter,
    source: &KeySource,
    rotation: Rotation,
    now: Timestamp,
) -> Result<Rotated, RotationError> {
    // Ahead of the secret: who has rotated in between has raised its version.
    let stored = accounts.public_keys(meter).await?;
    let ring = match source.read().await {
        Ok(ring) => Some(ring),
        Err(KeysError::None(_)) => None,
        // What cannot be read is not thrown away by a schedule.
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
            // After a loss of data.
            if stored.jwks != ring.jwks() {
                accounts.put_public_keys(meter, &ring.jwks(), stored.version).await?;
            }
            // A clock that ran ahead has dated them: their age counts from now, or they would not be promoted until then.
            if now.elapsed_since(ring.promoted_at).is_none() {
                source.write(&ring.redated(now)).await?;
            }
            return Ok(Rotated::Rested);
        }
    };
    if rotated == Rotated::Replaced {
        // The secret first: whatever dies here is made up for by showing the new keys, never by showing the old ones again.
        source.write(&new).await?;
        accounts.put_public_keys(meter, &new.jwks(), stored.version).await?;
    } else {
        accounts.put_public_keys(meter, &new.jwks(), stored.version).await?;
        source.write(&new).await?;
    }
    Ok(rotated)
}
