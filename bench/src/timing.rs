//! Comparison of two distributions of times.

/// The probability that a sample of `one` is longer than a sample of `other` (the statistic of Mann and Whitney): 0.5 if they do not
/// differ.
pub fn chance_of_longer(one: &[f64], other: &[f64]) -> f64 {
    let other = sorted(other);
    let longer = one.iter().map(|sample| {
        let below = other.partition_point(|value| value < sample);
        let up_to = other.partition_point(|value| value <= sample);
        f64::midpoint(below as f64, up_to as f64)
    });
    longer.sum::<f64>() / (one.len() * other.len()) as f64
}

/// The largest distance between the two cumulative distributions (the statistic of Kolmogorov and Smirnov).
pub fn largest_distance(one: &[f64], other: &[f64]) -> f64 {
    let (one, other) = (sorted(one), sorted(other));
    let share = |samples: &[f64], up_to: f64| {
        samples.partition_point(|value| *value <= up_to) as f64 / samples.len() as f64
    };
    let distance = |at: &f64| (share(&one, *at) - share(&other, *at)).abs();
    one.iter().chain(&other).map(distance).fold(0.0, f64::max)
}

/// The distance that two sets of `n` samples of one distribution exceed once in a thousand times.
pub fn largest_by_chance(n: usize) -> f64 {
    ((2000.0_f64).ln() / n as f64).sqrt()
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut samples = samples.to_vec();
    samples.sort_by(f64::total_cmp);
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(from: usize, step: f64) -> Vec<f64> {
        (0..2000).map(|nth| (nth * 7919 % 2000 + from) as f64 * step).collect()
    }

    #[test]
    fn equal_distributions_show_no_difference() {
        let (one, other) = (times(0, 1.0), times(0, 1.0));
        assert!((chance_of_longer(&one, &other) - 0.5).abs() < 1e-9);
        assert!(largest_distance(&one, &other) < 1e-9);
        assert!((0.06..0.07).contains(&largest_by_chance(2000)));
    }

    #[test]
    fn a_shift_and_a_wider_spread_show() {
        let (one, shifted) = (times(0, 1.0), times(200, 1.0));
        assert!(chance_of_longer(&shifted, &one) > 0.55);
        assert!(chance_of_longer(&one, &shifted) < 0.45);
        assert!((largest_distance(&one, &shifted) - 0.1).abs() < 0.001);
        // The median is the same, but the shape differs: only the distance shows it.
        let narrow: Vec<f64> = times(0, 0.5).into_iter().map(|time| time + 500.0).collect();
        assert!((chance_of_longer(&one, &narrow) - 0.5).abs() < 0.001);
        assert!(largest_distance(&one, &narrow) > 0.2);
    }
}
