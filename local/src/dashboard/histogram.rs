//! A histogram of latencies with cells of constant relative width, like an HdrHistogram.
//!
//! Each power of two is divided into [`PER_OCTAVE`] cells, and the values below that number have a cell each. A percentile is the middle of
//! the cell that contains the exact one, so it differs from it by [`ERROR`] of its value at most.

use std::collections::BTreeMap;

/// The cells between a value and its double: 2 to the power of [`BITS`].
const PER_OCTAVE: u64 = 1 << BITS;
const BITS: u32 = 4;
/// The largest value, in microseconds (33.6 s). A request ends at its deadline before; larger values count as this one.
const LARGEST: u64 = (1 << 25) - 1;
/// The largest relative error of a percentile: half the width of a cell.
pub const ERROR: f64 = 0.5 / PER_OCTAVE as f64;

/// Counts of latencies in microseconds. It has counts only for cells that occurred, of the 352 that exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: BTreeMap<u64, u64>,
}

impl Histogram {
    /// Counts a latency in microseconds.
    pub fn add(&mut self, microseconds: u64) {
        *self.counts.entry(cell(microseconds.min(LARGEST))).or_default() += 1;
    }

    /// Adds all counts of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (cell, count) in &other.counts {
            *self.counts.entry(*cell).or_default() += count;
        }
    }

    /// Returns the smallest latency, in microseconds, that `percent` of all latencies do not exceed; `None` without latencies.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let total: u64 = self.counts.values().sum();
        let rank = (total * percent).div_ceil(100).max(1);
        let mut passed = 0;
        let found = self.counts.iter().find(|(_, count)| {
            passed += **count;
            passed >= rank
        });
        found.map(|(cell, _)| middle(*cell))
    }
}

/// Returns the cell of a value.
const fn cell(value: u64) -> u64 {
    let shift = shift_of(value);
    shift * PER_OCTAVE + (value >> shift)
}

/// Returns the binary logarithm of the width of the cell with this value.
const fn shift_of(value: u64) -> u64 {
    (value | 1).ilog2().saturating_sub(BITS) as u64
}

/// Returns the value in the middle of a cell.
const fn middle(cell: u64) -> u64 {
    let shift = (cell / PER_OCTAVE).saturating_sub(1);
    ((cell - shift * PER_OCTAVE) << shift) + ((1_u64 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of cells.
    const CELLS: u64 = 352;

    /// Every value below 4096, and the values around the bounds of all larger cells.
    fn values() -> impl Iterator<Item = u64> {
        let bounds = (12..25).flat_map(|octave| {
            (0..PER_OCTAVE).flat_map(move |nth| {
                let bound = (1_u64 << octave) + (nth << (octave - BITS));
                [bound - 1, bound, bound + 1]
            })
        });
        (0..4096).chain(bounds).chain([LARGEST])
    }

    #[test]
    fn the_middle_of_a_cell_differs_from_its_values_by_the_stated_error_at_most() {
        for value in values() {
            let middle = middle(cell(value));
            let error = value.abs_diff(middle) as f64;
            assert!(error <= value as f64 * ERROR, "{value} is reported as {middle}");
            assert_eq!(cell(middle), cell(value), "the middle of the cell of {value}");
        }
    }

    #[test]
    fn cells_follow_one_another_without_a_gap() {
        let cells: Vec<_> = (0..=LARGEST).step_by(101).map(cell).collect();
        assert!(cells.is_sorted());
        let mut all: Vec<_> = values().map(cell).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all, (0..CELLS).collect::<Vec<_>>());
    }

    #[test]
    fn a_percentile_differs_from_the_exact_one_by_the_stated_error_at_most() {
        // Latencies from 200 µs to 30 s, most of them short, in no order.
        let mut exact: Vec<u64> =
            (0..5000).map(|nth| nth * 7919 % 5000).map(|x| 200 + x * x * 6 / 5).collect();
        let (mut first, mut second) = (Histogram::default(), Histogram::default());
        for (nth, latency) in exact.iter().enumerate() {
            if nth % 3 == 0 { first.add(*latency) } else { second.add(*latency) }
        }
        first.merge(&second);
        exact.sort_unstable();
        for percent in [1, 25, 50, 75, 90, 95, 99, 100] {
            let expected = exact[exact.len() * percent / 100 - 1];
            let reported = first.percentile(percent as u64).expect("a percentile");
            let error = expected.abs_diff(reported) as f64;
            assert!(error <= expected as f64 * ERROR, "p{percent}: {reported} instead of {expected}");
        }
    }

    #[test]
    fn few_latencies_have_percentiles_and_none_has_none() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(50), None);
        histogram.add(7);
        assert_eq!([1, 50, 99, 100].map(|percent| histogram.percentile(percent)), [Some(7); 4]);
        histogram.add(9);
        assert_eq!([50, 51].map(|percent| histogram.percentile(percent)), [Some(7), Some(9)]);
    }

    #[test]
    fn a_histogram_of_endless_latencies_has_all_cells_at_most() {
        let mut histogram = Histogram::default();
        for value in values().chain([LARGEST + 1, u64::MAX]) {
            histogram.add(value);
        }
        assert_eq!(histogram.counts.len() as u64, CELLS);
        assert_eq!(histogram.percentile(100), Some(middle(CELLS - 1)));
    }
}
