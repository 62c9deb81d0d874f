//! The progress of a sync: a bar on a terminal, plain lines elsewhere.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use adapters::sync::{Progress, Tally};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The time between two plain lines.
const EVERY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Display {
    bar: Option<ProgressBar>,
    started: Instant,
    /// The resources that an earlier run processed, which do not count for the rate.
    before: Option<usize>,
    printed: Option<Instant>,
    /// Whether a line has already reported the last resource; the retries that follow it are reported at the usual
    /// interval.
    has_reported_last: bool,
}

impl Default for Display {
    fn default() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, started: Instant::now(), before: None, printed: None, has_reported_last: false }
    }
}

impl Display {
    pub fn show(&mut self, progress: Progress) {
        let before = *self.before.get_or_insert(progress.done.saturating_sub(1));
        let elapsed = self.started.elapsed();
        if let Some(bar) = &self.bar {
            bar.set_length(progress.total as u64);
            bar.set_position(progress.done as u64);
            bar.set_message(line(progress, before, elapsed));
        } else if self.printed.is_none_or(|printed| printed.elapsed() >= EVERY)
            || (progress.done == progress.total && !self.has_reported_last)
        {
            self.has_reported_last = progress.done == progress.total;
            eprintln!("sync: {}/{} {}", progress.done, progress.total, line(progress, before, elapsed));
            self.printed = Some(Instant::now());
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
    }
}

fn line(progress: Progress, before: usize, elapsed: Duration) -> String {
    let Tally { fetched, unchanged, changed, failed } = progress.tally;
    let rate = (progress.done - before) as f64 / elapsed.as_secs_f64().max(0.001);
    let left = (progress.total - progress.done) as f64 / rate.max(0.001);
    let left = Duration::from_secs_f64(left.min(359_999.0)).as_secs();
    format!(
        "fetched {fetched}, unchanged {unchanged}, changed {changed}, failed {failed}, {:.0} a minute, {}:{:02}:{:02} left",
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
        let tally = Tally { fetched: 90, unchanged: 9, changed: 80, failed: 1 };
        let progress = Progress { total: 5868, done: 2100, tally };
        let expected = "fetched 90, unchanged 9, changed 80, failed 1, 100 a minute, 0:37:40 left";
        assert_eq!(line(progress, 2000, Duration::from_secs(60)), expected);
    }
}
