//! The times at which requests may be sent.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Spaces requests evenly, and delays all of them when the source asks for a pause.
#[derive(Debug)]
pub(super) struct Pace {
    /// The time between two requests; zero for no limit.
    interval: Duration,
    turns: Mutex<Turns>,
}

#[derive(Debug)]
struct Turns {
    next: Instant,
    /// No request is sent before this moment; requests wait for it.
    held: Instant,
    /// Requests that would be sent before this moment fail instead.
    closed: Instant,
}

impl Pace {
    /// Creates a pace of `per_minute` requests a minute; 0 means no limit.
    pub(super) fn new(per_minute: u32) -> Self {
        let interval = if per_minute == 0 { Duration::ZERO } else { Duration::from_secs(60) / per_minute };
        let now = Instant::now();
        Self { interval, turns: Mutex::new(Turns { next: now, held: now, closed: now }) }
    }

    /// Waits for this request's turn.
    ///
    /// # Errors
    /// After [`Self::close`]: the time until it opens again.
    pub(super) async fn turn(&self) -> Result<(), Duration> {
        loop {
            let turn = {
                let mut turns = self.turns();
                let closed = turns.closed.saturating_duration_since(Instant::now());
                if !closed.is_zero() {
                    return Err(closed);
                }
                let turn = turns.next.max(turns.held).max(Instant::now());
                turns.next = turn + self.interval;
                turn
            };
            tokio::time::sleep_until(turn).await;
            // If a pause began during the wait, the request waits for another turn after it.
            let turns = self.turns();
            if turns.held <= turn && turns.closed <= turn {
                return Ok(());
            }
        }
    }

    /// Delays all requests for `pause`.
    pub(super) fn hold(&self, pause: Duration) {
        let mut turns = self.turns();
        turns.held = turns.held.max(Instant::now() + pause);
    }

    /// Rejects all requests for `pause`.
    pub(super) fn close(&self, pause: Duration) {
        let mut turns = self.turns();
        turns.closed = turns.closed.max(Instant::now() + pause);
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        // Nothing under this lock can panic halfway, so a poisoned lock still holds valid data.
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_a_minute_are_600_ms_apart() {
        assert_eq!(Pace::new(100).interval.as_millis(), 600);
        assert!(Pace::new(0).interval.is_zero());
    }

    #[tokio::test]
    async fn turns_are_spaced_and_a_pause_delays_all() {
        let pace = Pace::new(6000);
        let start = Instant::now();
        for _ in 0..3 {
            pace.turn().await.unwrap();
        }
        assert!(start.elapsed() >= Duration::from_millis(20), "two intervals of 10 ms");
        pace.hold(Duration::from_millis(100));
        let held = Instant::now();
        pace.turn().await.unwrap();
        assert!(held.elapsed() >= Duration::from_millis(90));
    }

    #[tokio::test]
    async fn a_request_with_a_turn_is_held_back_too() {
        // One turn every 30 ms: the second request already has its turn when the pause begins.
        let pace = Pace::new(2000);
        pace.turn().await.unwrap();
        let start = Instant::now();
        let hold = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            pace.hold(Duration::from_millis(150));
        };
        let (turn, ()) = tokio::join!(pace.turn(), hold);
        turn.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(150), "{:?}", start.elapsed());
    }

    #[tokio::test]
    async fn a_request_while_it_is_closed_is_rejected() {
        let pace = Pace::new(0);
        pace.close(Duration::from_secs(3600));
        assert!(pace.turn().await.unwrap_err() > Duration::from_secs(3590));
    }
}
