//! Lines about what a command does, on standard error.

use std::time::Instant;

/// A clock that starts with the command.
#[derive(Clone, Copy, Debug)]
pub struct Progress(Instant);

impl Progress {
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Prints a line with the seconds since the start.
    pub fn say(self, line: &str) {
        eprintln!("{:7.1} s  {line}", self.0.elapsed().as_secs_f64());
    }
}
