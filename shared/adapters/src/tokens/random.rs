//! Secure random bytes.

use ring::rand::{SecureRandom as _, SystemRandom};

/// Returns cryptographically secure random bytes.
///
/// # Panics
/// If the machine has no source of randomness: no later step would be safe.
#[must_use]
pub fn unguessable<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the machine's source of randomness");
    bytes
}
