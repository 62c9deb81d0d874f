//! A cache of the keys of tokens: every function caches the public keys, functions that issue tokens also the secret keys.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use adapters::tokens::{KeyRing, Verifier};

#[derive(Default)]
pub(crate) struct Keys {
    pub verifier: Cached<Verifier>,
    pub ring: Cached<KeyRing>,
}

/// A value and the time of its last read.
pub(crate) struct Cached<T>(Mutex<Option<(Arc<T>, Instant)>>);

// A derived implementation would require `T: Default`.
impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Cached<T> {
    /// Returns the value and its age.
    pub fn get(&self) -> Option<(Arc<T>, Duration)> {
        self.lock().as_ref().map(|(value, read_at)| (Arc::clone(value), read_at.elapsed()))
    }

    /// Replaces the value, which has just been read.
    pub fn set(&self, value: &Arc<T>) {
        *self.lock() = Some((Arc::clone(value), Instant::now()));
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Arc<T>, Instant)>> {
        // Code under this lock only replaces one value with another, so a panic cannot leave it inconsistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
