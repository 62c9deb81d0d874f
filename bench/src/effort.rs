//! The number and size of the measurements.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Repetitions of each cheap measurement.
    pub rounds: usize,
    /// Repetitions of each start and each sync.
    pub starts: usize,
    /// Cold starts of each function, one after the other.
    pub cold: usize,
    /// Requests per round within this process.
    pub calls: usize,
    /// Index loads per round.
    pub loads: usize,
    /// Sign-ins to a known account; there are as many to an unknown one.
    pub sign_ins: usize,
    /// Requests per round over HTTP: so many that the 10 ms of a clock tick do not matter.
    pub requests: u32,
    /// The longest time of such a round.
    pub longest: Duration,
}

impl Effort {
    pub const FULL: Self = Self {
        rounds: 7,
        starts: 5,
        cold: 31,
        calls: 5000,
        loads: 20,
        sign_ins: 2000,
        requests: 50_000,
        longest: Duration::from_secs(5),
    };
    pub const QUICK: Self = Self {
        rounds: 5,
        starts: 1,
        cold: 9,
        calls: 1000,
        loads: 5,
        sign_ins: 200,
        requests: 10_000,
        longest: Duration::from_secs(2),
    };
}
