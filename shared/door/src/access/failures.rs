//! Sessions whose requests are rejected without a read, because their client's address has too many failures.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use adapters::tokens::FamilyId;

use crate::{limits::RateLimitStatus, problem::Problem};

/// The largest number of remembered sessions. Further sessions are still limited, at the cost of a read.
const MOST: usize = 1024;

/// A cache, for one process, of the sessions that found their address's bucket empty; it keeps each session until the
/// bucket has a token again. The bucket itself counts failures in the store, for all processes. Other sessions from
/// the same address, the owner's among them, are not affected.
#[derive(Default)]
pub(crate) struct Failures(Mutex<HashMap<Failing, Refused>>);

/// A client's address and the session of its token.
type Failing = (String, FamilyId);

/// An empty bucket, and when it was seen.
type Refused = (RateLimitStatus, Instant);

impl Failures {
    /// Returns 429 for a remembered session.
    pub(crate) fn check(&self, client: &str, session: FamilyId) -> Result<(), Problem> {
        let mut failing = self.lock();
        if failing.is_empty() {
            return Ok(());
        }
        let key = (client.to_owned(), session);
        match failing.get(&key).copied().map(later) {
            None => Ok(()),
            Some(status) if status.taken.wait > 0 => Err(Problem::rate_limited(status)),
            Some(_) => {
                failing.remove(&key);
                Ok(())
            }
        }
    }

    /// Remembers a session that found the bucket of its address empty.
    pub(crate) fn add(&self, client: &str, session: FamilyId, status: RateLimitStatus) {
        let mut failing = self.lock();
        if failing.len() >= MOST {
            failing.retain(|_, refused| later(*refused).taken.wait > 0);
        }
        if failing.len() < MOST {
            failing.insert((client.to_owned(), session), (status, Instant::now()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Failing, Refused>> {
        // Each operation leaves the map consistent, even if another operation panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the bucket's current state, assuming that nothing else was taken from it.
fn later((mut status, at): Refused) -> RateLimitStatus {
    let passed = u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX);
    status.taken.wait = status.taken.wait.saturating_sub(passed);
    status.taken.reset = status.taken.reset.saturating_sub(passed);
    status
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use adapters::store::accounts::{Bucket, Taken};

    use super::*;

    fn empty(wait: u64) -> RateLimitStatus {
        let bucket = Bucket { name: "failure", capacity: 30, refill: 60_000 };
        RateLimitStatus { bucket, taken: Taken { is_allowed: false, remaining: 0, wait, reset: 60_000 } }
    }

    #[test]
    fn only_the_session_that_failed_at_that_address_is_rejected() {
        let (failures, session) = (Failures::default(), FamilyId::random());
        failures.add("192.0.2.1", session, empty(60_000));
        let problem = failures.check("192.0.2.1", session).unwrap_err();
        assert_eq!((problem.status.as_u16(), problem.retry_after), (429, Some(60)));
        assert!(failures.check("192.0.2.2", session).is_ok());
        assert!(failures.check("192.0.2.1", FamilyId::random()).is_ok());
    }

    #[test]
    fn a_session_is_let_through_once_the_bucket_has_a_token_again() {
        let (failures, session) = (Failures::default(), FamilyId::random());
        let long_ago = Instant::now().checked_sub(Duration::from_secs(3)).unwrap();
        failures.lock().insert(("192.0.2.1".to_owned(), session), (empty(2_000), long_ago));
        assert!(failures.check("192.0.2.1", session).is_ok());
        assert!(failures.lock().is_empty());
    }

    #[test]
    fn the_number_of_remembered_sessions_is_bounded() {
        let failures = Failures::default();
        for _ in 0..2 * MOST {
            failures.add("192.0.2.1", FamilyId::random(), empty(60_000));
        }
        assert_eq!(failures.lock().len(), MOST);
    }
}
