//! The change of each figure that counts as a regression.

/// The direction in which a figure improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Less,
    More,
    /// It is shown only.
    Neither,
}

/// A rule for all figures whose names begin in the same way.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    beginning: &'static str,
    pub better: Better,
    /// The accepted change for the worse: the larger one of a percentage of the former figure, and of a number.
    percent: f64,
    number: f64,
}

const fn rule(beginning: &'static str, better: Better, percent: f64, number: f64) -> Rule {
    Rule { beginning, better, percent, number }
}

/// The first rule that fits a name applies.
const RULES: &[Rule] = &[
    // A test may be merged with another one.
    rule("tests.passed", Better::More, 1.0, 0.0),
    rule("tests.of.", Better::Neither, 0.0, 0.0),
    rule("tests.", Better::Less, 0.0, 0.0),
    rule("stages.passed", Better::More, 0.0, 0.0),
    rule("stages.", Better::Less, 0.0, 0.0),
    rule("seconds.", Better::Neither, 0.0, 0.0),
    rule("cycles", Better::Less, 0.0, 0.0),
    // Percentages of lines, rounded to a tenth.
    rule("coverage.all", Better::More, 0.0, 0.5),
    rule("coverage.", Better::More, 0.0, 2.0),
    // Ratios within one run, on a machine that may be busy: the load itself bounds them more tightly.
    rule("load.times.", Better::Less, 100.0, 2.0),
    rule("load.unavailable_percent.", Better::Less, 0.0, 0.5),
    rule("load.memory_growth", Better::Less, 0.0, 0.1),
    rule("load.lost", Better::Less, 0.0, 0.0),
    // Milliseconds of one machine say nothing about another one.
    rule("load.", Better::Neither, 0.0, 0.0),
    // Instructions, and the bytes of the program.
    rule("start.", Better::Less, 3.0, 0.0),
    rule("findings.", Better::Less, 0.0, 2.0),
    // As `cargo xtask cost`.
    rule("costs.million", Better::Less, 10.0, 0.0),
    rule("costs.idle.", Better::Less, 0.0, 1.0),
    rule("crates", Better::Less, 2.0, 0.0),
    rule("licences", Better::Less, 0.0, 0.0),
    rule("demands.proven", Better::More, 0.0, 0.0),
    rule("demands.", Better::Neither, 0.0, 0.0),
];

impl Rule {
    /// Returns the rule of a figure; `None` if no rule names it.
    pub fn of(name: &str) -> Option<Self> {
        RULES.iter().copied().find(|rule| name.starts_with(rule.beginning))
    }

    /// Whether the change from `before` to `now` is worse than the rule accepts.
    pub fn is_regression(self, before: f64, now: f64) -> bool {
        let worse = match self.better {
            Better::Less => now - before,
            Better::More => before - now,
            Better::Neither => return false,
        };
        // A sum of decimal fractions is not exact.
        worse > (before.abs() * self.percent / 100.0).max(self.number) + 1e-9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_for_the_worse_beyond_its_tolerance_is_a_regression() {
        for (name, before, now, is_regression) in [
            ("tests.passed", 1000.0, 990.0, false),
            ("tests.passed", 1000.0, 989.0, true),
            ("tests.failed", 0.0, 1.0, true),
            ("stages.skipped", 1.0, 2.0, true),
            ("cycles", 0.0, 1.0, true),
            ("coverage.all", 90.0, 89.5, false),
            ("coverage.all", 90.0, 89.4, true),
            ("coverage.door", 90.0, 88.5, false),
            ("load.times.catalogue", 1.2, 3.1, false),
            ("load.times.catalogue", 4.0, 8.5, true),
            ("load.memory_growth", 1.0, 1.2, true),
            ("load.p95_ms.catalogue", 3.0, 300.0, false),
            ("start.get-pokemon.cold", 1_000_000.0, 1_029_000.0, false),
            ("start.program_bytes", 1_000_000.0, 1_031_000.0, true),
            ("costs.million", 3.0, 3.29, false),
            ("costs.million", 3.0, 3.31, true),
            ("costs.idle.prod", 26.0, 27.1, true),
            ("licences", 9.0, 10.0, true),
            ("demands.proven", 75.0, 74.0, true),
            ("demands.open", 6.0, 60.0, false),
            ("seconds.tests", 100.0, 900.0, false),
        ] {
            let rule = Rule::of(name).unwrap();
            assert_eq!(rule.is_regression(before, now), is_regression, "{name}: {before}, then {now}");
            assert!(rule.better == Better::Neither || !rule.is_regression(before, before), "{name}");
        }
    }

    #[test]
    fn a_figure_without_a_rule_has_none() {
        assert!(Rule::of("coffee").is_none());
    }
}
