//! The table of results.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::finding::{Outcome, Report};
use crate::tally::Tally;

pub fn render(reports: &[Report]) -> String {
    let rows: Vec<[String; 4]> = reports.iter().map(row).collect();
    let width = |column: usize, title: &str| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(title.len())
    };
    let (stage, result) = (width(0, "stage"), width(1, "result"));
    let mut table = format!("{:<stage$}  {:<result$}  {:>6}  {:>8}\n", "stage", "result", "tests", "seconds");
    for [name, outcome, tests, seconds] in &rows {
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{name:<stage$}  {outcome:<result$}  {tests:>6}  {seconds:>8}");
    }
    table
}

fn row(report: &Report) -> [String; 4] {
    let outcome = match &report.finding.outcome {
        Outcome::Passed => "passed".to_owned(),
        Outcome::Failed(why) => format!("failed: {why}"),
        Outcome::Skipped(why) => format!("skipped: {why}"),
    };
    let tests = report.finding.tally.map_or("-".to_owned(), |tally| tally.ran().to_string());
    [report.stage.to_owned(), outcome, tests, format!("{:.1}", report.took.as_secs_f64())]
}

/// Returns the sum over all stages. The store suite counts once per engine.
pub fn sum(reports: &[Report]) -> String {
    let Tally { passed, failed, ignored } = reports.iter().filter_map(|report| report.finding.tally).sum();
    format!("{passed} passed, {failed} failed, {ignored} skipped")
}

/// Returns the results as JSON, for programs that compare runs.
pub fn json(reports: &[Report]) -> Value {
    let stages: Vec<_> = reports
        .iter()
        .map(|report| {
            let (outcome, reason) = match &report.finding.outcome {
                Outcome::Passed => ("passed", None),
                Outcome::Failed(why) => ("failed", Some(why)),
                Outcome::Skipped(why) => ("skipped", Some(why)),
            };
            json!({
                "stage": report.stage,
                "outcome": outcome,
                "reason": reason,
                "tests": report.finding.tally.map(Tally::ran),
                "seconds": report.took.as_secs(),
            })
        })
        .collect();
    let Tally { passed, failed, ignored } = reports.iter().filter_map(|report| report.finding.tally).sum();
    json!({"stages": stages, "tests": {"passed": passed, "failed": failed, "skipped": ignored}})
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::finding::Finding;

    fn reports() -> Vec<Report> {
        let tally = |passed, failed| Some(Tally { passed, failed, ignored: 0 });
        let report = |stage, outcome, tally| Report {
            stage,
            finding: Finding { outcome, tally },
            took: Duration::from_millis(1250),
        };
        vec![
            report("format", Outcome::Passed, None),
            report("tests", Outcome::Failed("2 of 41 tests".to_owned()), tally(39, 2)),
            report("store-embedded", Outcome::Passed, tally(9, 0)),
            report("store-dynamodb-local", Outcome::Skipped("no java".to_owned()), None),
        ]
    }

    #[test]
    fn the_table_has_one_aligned_row_per_stage() {
        let expected = "\
stage                 result                  tests   seconds
format                passed                      -       1.2
tests                 failed: 2 of 41 tests      41       1.2
store-embedded        passed                      9       1.2
store-dynamodb-local  skipped: no java            -       1.2
";
        assert_eq!(render(&reports()), expected);
    }

    #[test]
    fn the_sum_counts_tests_over_all_stages() {
        assert_eq!(sum(&reports()), "48 passed, 2 failed, 0 skipped");
    }

    #[test]
    fn results_as_json_have_the_reason_of_each_failure() {
        let results = json(&reports());
        assert_eq!(results["tests"], json!({"passed": 48, "failed": 2, "skipped": 0}));
        let failed = json!({
            "stage": "tests", "outcome": "failed", "reason": "2 of 41 tests", "tests": 41, "seconds": 1,
        });
        assert_eq!(results["stages"][1], failed);
        assert_eq!(results["stages"][3]["outcome"], "skipped");
    }
}
