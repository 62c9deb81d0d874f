//! When the next request may go out.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Spaces requests evenly, and holds all of them back when the source asks for a pause.
#[derive(Debug)]
pub(super) struct Pace {
    /// Zero for no limit.
    interval: Duration,
    turns: Mutex<Turns>,
}

#[derive(Debug)]
struct Turns {
    next: Instant,
    /// Nobody goes out before this.
    held: Instant,
}

impl Pace {
    /// `per_minute` 0 is no limit.
    pub(super) fn new(per_minute: u32) -> Self {
        let interval = if per_minute == 0 { Duration::ZERO } else { Duration::from_secs(60) / per_minute };
        let now = Instant::now();
        Self { interval, turns: Mutex::new(Turns { next: now, held: now }) }
    }

    /// Waits for this request's turn.
    pub(super) async fn turn(&self) {
        loop {
            let turn = {
                let mut turns = self.turns();
                let turn = turns.next.max(turns.held).max(Instant::now());
                turns.next = turn + self.interval;
                turn
            };
            tokio::time::sleep_until(turn).await;
            // Whoever was asked to hold meanwhile takes another turn, after the pause.
            if self.turns().held <= turn {
                return;
            }
        }
    }

    /// Lets nobody out for `pause`.
    pub(super) fn hold(&self, pause: Duration) {
        let mut turns = self.turns();
        turns.held = turns.held.max(Instant::now() + pause);
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        // Nothing under this lock can panic halfway: a poisoned one is as good.
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
    async fn turns_are_spaced_and_a_pause_holds_everybody() {
        let pace = Pace::new(6000);
        let start = Instant::now();
        for _ in 0..3 {
            pace.turn().await;
        }
        assert!(start.elapsed() >= Duration::from_millis(20), "two intervals of 10 ms");
        pace.hold(Duration::from_millis(100));
        let held = Instant::now();
        pace.turn().await;
        assert!(held.elapsed() >= Duration::from_millis(90));
    }

    #[tokio::test]
    async fn who_has_a_turn_already_is_held_back_too() {
        // One in 30 ms: the second has its turn when the pause begins.
        let pace = Pace::new(2000);
        pace.turn().await;
        let start = Instant::now();
        let hold = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            pace.hold(Duration::from_millis(150));
        };
        tokio::join!(pace.turn(), hold);
        assert!(start.elapsed() >= Duration::from_millis(150), "{:?}", start.elapsed());
    }
}
