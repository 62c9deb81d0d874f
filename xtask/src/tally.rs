//! Counts tests in the output of `cargo test`.

use std::iter::Sum;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub ignored: usize,
}

impl Tally {
    /// Reads a line such as `test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; …`, which each
    /// test binary and each package's doc tests print.
    pub fn of_line(line: &str) -> Option<Self> {
        let line = without_colours(line);
        let (_verdict, counts) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
        let mut tally = Self::default();
        for count in counts.split("; ") {
            match count.split_once(' ') {
                Some((number, "passed")) => tally.passed = number.parse().ok()?,
                Some((number, "failed")) => tally.failed = number.parse().ok()?,
                Some((number, "ignored")) => tally.ignored = number.parse().ok()?,
                _ => {}
            }
        }
        Some(tally)
    }

    /// The number of tests that ran, whether they passed or failed.
    pub fn ran(self) -> usize {
        self.passed + self.failed
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, tally| Self {
            passed: sum.passed + tally.passed,
            failed: sum.failed + tally.failed,
            ignored: sum.ignored + tally.ignored,
        })
    }
}

/// Returns the line without its colour sequences (`ESC [ … m`), which a forced colour setting also produces in a pipe.
fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_sequence, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_line_is_counted() {
        let line = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.02s\n";
        assert_eq!(Tally::of_line(line), Some(Tally { passed: 12, failed: 0, ignored: 1 }));
    }

    #[test]
    fn a_failed_and_coloured_result_line_is_counted() {
        let line = "test result: \u{1b}[31mFAILED\u{1b}(B\u{1b}[m. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s";
        assert_eq!(Tally::of_line(line), Some(Tally { passed: 2, failed: 3, ignored: 0 }));
    }

    #[test]
    fn other_lines_count_nothing() {
        for line in [
            "",
            "running 3 tests",
            "test result_is_kept ... ok",
            "test result: half a line",
            "warning: 2 passed",
        ] {
            assert_eq!(Tally::of_line(line), None, "{line:?}");
        }
    }

    #[test]
    fn tallies_add_up() {
        let some = Tally { passed: 1, failed: 2, ignored: 3 };
        assert_eq!([some, some].into_iter().sum::<Tally>(), Tally { passed: 2, failed: 4, ignored: 6 });
        assert_eq!(some.ran(), 3);
    }
}
