//! Percentiles of latencies.

use serde::Serialize;

use crate::drive::Sample;

/// The latencies of some requests, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latencies {
    pub requests: usize,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

impl Latencies {
    /// `None` if there are no samples.
    pub fn of<'a>(samples: impl Iterator<Item = &'a Sample>) -> Option<Self> {
        let mut micros: Vec<u64> = samples.map(|sample| sample.micros).collect();
        micros.sort_unstable();
        let max = *micros.last()?;
        // The smallest latency that at least this share of all requests does not exceed.
        let percentile = |percent: usize| {
            let place = (micros.len() * percent).div_ceil(100).max(1) - 1;
            milliseconds(micros[place])
        };
        Some(Self {
            requests: micros.len(),
            p50: percentile(50),
            p95: percentile(95),
            p99: percentile(99),
            max: milliseconds(max),
        })
    }
}

fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(micros: impl Iterator<Item = u64>) -> Vec<Sample> {
        micros.map(|micros| Sample { kind: 0, micros, fault: None }).collect()
    }

    #[test]
    fn percentiles_are_latencies_that_occurred() {
        let all = samples((1..=200).rev().map(|ms| ms * 1000));
        let expected = Latencies { requests: 200, p50: 100.0, p95: 190.0, p99: 198.0, max: 200.0 };
        assert_eq!(Latencies::of(all.iter()), Some(expected));
        let one = samples([1500].into_iter());
        let expected = Latencies { requests: 1, p50: 1.5, p95: 1.5, p99: 1.5, max: 1.5 };
        assert_eq!(Latencies::of(one.iter()), Some(expected));
        assert_eq!(Latencies::of(std::iter::empty()), None);
    }
}
