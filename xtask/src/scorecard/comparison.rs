//! The comparison of two scorecards, as a table in Markdown.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::figures::Figures;
use super::rules::{Better, Rule};

/// Returns a table of the figures that changed, or of all figures without a scorecard before, and whether every change is acceptable.
///
/// A figure that is no longer measured is a regression, unless its rule only shows it; one without a rule is an error of this program and
/// fails as well.
pub fn compared(before: Option<&Figures>, now: &Figures) -> (String, bool) {
    let mut table = "| figure | before | now | |\n|---|---|---|---|\n".to_owned();
    let (mut is_good, mut unchanged) = (true, 0);
    let names: BTreeSet<&str> = before.into_iter().chain([now]).flat_map(Figures::names).collect();
    for name in names {
        let (then, today) = (before.and_then(|before| before.get(name)), now.get(name));
        if then == today {
            unchanged += 1;
            continue;
        }
        let mark = mark(name, then, today);
        is_good &= mark.is_none();
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {} |",
            shown(then),
            shown(today),
            mark.map_or(String::new(), |mark| format!("**{mark}**"))
        );
    }
    let _ = writeln!(table, "\n{unchanged} figures are unchanged.");
    (table, is_good)
}

/// Returns the reason why a change is not acceptable.
fn mark(name: &str, before: Option<f64>, now: Option<f64>) -> Option<&'static str> {
    let Some(rule) = Rule::of(name) else { return Some("no rule in scorecard/rules.rs") };
    match (before, now) {
        (Some(before), Some(now)) => rule.is_regression(before, now).then_some("worse"),
        (Some(_), None) => (rule.better != Better::Neither).then_some("no longer measured"),
        (None, _) => None,
    }
}

/// Formats whole numbers without decimals, others with up to three.
fn shown(number: Option<f64>) -> String {
    match number {
        None => "–".to_owned(),
        Some(number) if number.fract() == 0.0 => format!("{number:.0}"),
        Some(number) => format!("{number:.3}").trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn figures(tests: f64, million: f64, cycles: Option<f64>) -> Figures {
        let mut value = json!({"tests.passed": tests, "costs.million": million, "seconds.tests": tests});
        if let Some(cycles) = cycles {
            value["cycles"] = cycles.into();
        }
        Figures::from_json(&value).unwrap()
    }

    #[test]
    fn the_table_has_the_changes_and_marks_regressions() {
        let (before, now) = (figures(100.0, 3.0, Some(0.0)), figures(120.0, 3.5, Some(0.0)));
        let expected = "\
| figure | before | now | |
|---|---|---|---|
| costs.million | 3 | 3.5 | **worse** |
| seconds.tests | 100 | 120 |  |
| tests.passed | 100 | 120 |  |

1 figures are unchanged.
";
        assert_eq!(compared(Some(&before), &now), (expected.to_owned(), false));
        assert!(compared(Some(&now), &figures(120.0, 3.4, Some(0.0))).1);
    }

    #[test]
    fn a_figure_that_is_no_longer_measured_is_a_regression_and_a_new_one_is_not() {
        let (with, without) = (figures(100.0, 3.0, Some(0.0)), figures(100.0, 3.0, None));
        let (table, is_good) = compared(Some(&with), &without);
        assert!(!is_good && table.contains("| cycles | 0 | – | **no longer measured** |"), "{table}");
        assert!(compared(Some(&without), &with).1);
    }

    #[test]
    fn a_scorecard_alone_is_shown_whole() {
        let (table, is_good) = compared(None, &figures(100.0, 3.8767, None));
        assert!(is_good && table.contains("| costs.million | – | 3.877 |  |"), "{table}");
        assert!(table.contains("\n0 figures are unchanged."), "{table}");
        let unknown = Figures::from_json(&json!({"coffee": 1.0})).unwrap();
        assert!(!compared(None, &unknown).1);
    }
}
