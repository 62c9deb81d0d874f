//! When the next request may go out.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

/// Spaces requests evenly, and holds all of them back when the source asks for a pause.
#[derive(Debug)]
pub(super) struct Pace {
    /// Zero for no limit.
    interval: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// `per_minute` 0 is no limit.
    pub(super) fn new(per_minute: u32) -> Self {
        let interval = if per_minute == 0 { Duration::ZERO } else { Duration::from_secs(60) / per_minute };
        Self { interval, next: Mutex::new(Instant::now()) }
    }

    /// Waits for this request's turn.
    pub(super) async fn turn(&self) {
        let turn = {
            let mut next = self.next.lock().await;
            let turn = (*next).max(Instant::now());
            *next = turn + self.interval;
            turn
        };
        tokio::time::sleep_until(turn).await;
    }

    /// Lets nobody out for `pause`.
    pub(super) async fn hold(&self, pause: Duration) {
        let mut next = self.next.lock().await;
        *next = (*next).max(Instant::now() + pause);
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
    async fn turns_are_spaced_and_a_pause_holds_everybody() {
        let pace = Pace::new(6000);
        let start = Instant::now();
        for _ in 0..3 {
            pace.turn().await;
        }
        assert!(start.elapsed() >= Duration::from_millis(20), "two intervals of 10 ms");
        pace.hold(Duration::from_millis(100)).await;
        let held = Instant::now();
        pace.turn().await;
        assert!(held.elapsed() >= Duration::from_millis(90));
    }
}
