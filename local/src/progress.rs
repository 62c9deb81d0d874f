//! The progress of a sync or of the mirror: a bar on a terminal, plain lines elsewhere.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The time between two plain lines.
const EVERY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Display {
    /// The name of the work, which begins each line.
    work: &'static str,
    bar: Option<ProgressBar>,
    started: Instant,
    /// The number that an earlier run processed, which does not count for the rate.
    before: Option<usize>,
    printed: Option<Instant>,
    /// Whether a line has already reported the last one; the retries that follow it are reported at the usual
    /// interval.
    has_reported_last: bool,
}

impl Display {
    #[must_use]
    pub fn new(work: &'static str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { work, bar, started: Instant::now(), before: None, printed: None, has_reported_last: false }
    }

    /// Shows that `done` of `total` are processed, with these counts.
    pub fn show(&mut self, done: usize, total: usize, counts: &str) {
        let before = *self.before.get_or_insert(done.saturating_sub(1));
        let elapsed = self.started.elapsed();
        if let Some(bar) = &self.bar {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            bar.set_message(line(done, total, counts, before, elapsed));
        } else if self.printed.is_none_or(|printed| printed.elapsed() >= EVERY)
            || (done == total && !self.has_reported_last)
        {
            self.has_reported_last = done == total;
            eprintln!("{}: {done}/{total} {}", self.work, line(done, total, counts, before, elapsed));
            self.printed = Some(Instant::now());
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
    }
}

fn line(done: usize, total: usize, counts: &str, before: usize, elapsed: Duration) -> String {
    let rate = (done - before) as f64 / elapsed.as_secs_f64().max(0.001);
    let left = (total - done) as f64 / rate.max(0.001);
    let left = Duration::from_secs_f64(left.min(359_999.0)).as_secs();
    format!(
        "{counts}, {:.0} a minute, {}:{:02}:{:02} left",
        rate * 60.0,
        left / 3600,
        left / 60 % 60,
        left % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_counts_this_run_alone() {
        let expected = "fetched 90, 100 a minute, 0:37:40 left";
        assert_eq!(line(2100, 5868, "fetched 90", 2000, Duration::from_secs(60)), expected);
    }
}
