//! The store tests on two engines: both must run all of them.

use crate::dynamodb_local::{self, DynamoDbLocal};
use crate::finding::{Finding, Outcome, Report};
use crate::suite;
use crate::tally::Tally;
use crate::tools::missing;

pub const EMBEDDED: &str = "store-embedded";
pub const DYNAMODB_LOCAL: &str = "store-dynamodb-local";

/// Runs the suite on the embedded engine. If an earlier stage has done so and `has_passed`, the tests are only counted.
pub fn embedded(has_passed: bool) -> anyhow::Result<Finding> {
    if !has_passed {
        return suite::store(None);
    }
    let tally = Tally { passed: suite::count_store()?, ..Tally::default() };
    Ok(Finding { outcome: Outcome::Passed, tally: Some(tally) })
}

pub fn dynamodb_local(earlier: &[Report]) -> anyhow::Result<Finding> {
    if let Some(tool) = dynamodb_local::missing_tool() {
        return Ok(missing(tool).into());
    }
    let engine = DynamoDbLocal::start()?;
    let finding = suite::store(Some(engine.url()))?;
    Ok(compared(finding, ran(earlier, EMBEDDED)))
}

/// Fails a suite that passed if the embedded engine ran a different number of tests.
fn compared(mut finding: Finding, embedded: Option<usize>) -> Finding {
    if let (Outcome::Passed, Some(tally), Some(expected)) = (&finding.outcome, finding.tally, embedded)
        && tally.ran() != expected
    {
        finding.outcome = Outcome::Failed(format!("{} tests, not {expected} as embedded", tally.ran()));
    }
    finding
}

/// Returns the line that shows both counts, if at least one of the two suites ran.
pub fn line(reports: &[Report]) -> Option<String> {
    let count = |ran: Option<usize>, none: &str| ran.map_or(none.to_owned(), |tests| tests.to_string());
    match (ran(reports, EMBEDDED), ran(reports, DYNAMODB_LOCAL)) {
        (None, None) => None,
        (embedded, local) => Some(format!(
            "store suite: {} tests on the embedded engine, {} on DynamoDB Local",
            count(embedded, "no"),
            count(local, "none")
        )),
    }
}

fn ran(reports: &[Report], stage: &str) -> Option<usize> {
    let report = reports.iter().find(|report| report.stage == stage)?;
    Some(report.finding.tally?.ran())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn passed(tests: usize) -> Finding {
        Finding { outcome: Outcome::Passed, tally: Some(Tally { passed: tests, ..Tally::default() }) }
    }

    fn report(stage: &'static str, finding: Finding) -> Report {
        Report { stage, finding, took: Duration::ZERO }
    }

    #[test]
    fn both_engines_must_run_the_same_number_of_tests() {
        assert!(matches!(compared(passed(9), Some(9)).outcome, Outcome::Passed));
        assert!(matches!(compared(passed(9), None).outcome, Outcome::Passed));
        assert!(
            matches!(compared(passed(9), Some(8)).outcome, Outcome::Failed(why) if why.contains("not 8"))
        );
    }

    #[test]
    fn the_line_shows_both_counts_and_says_which_is_missing() {
        assert_eq!(line(&[]), None);
        let mut reports = vec![report(EMBEDDED, passed(9))];
        assert_eq!(
            line(&reports).unwrap(),
            "store suite: 9 tests on the embedded engine, none on DynamoDB Local"
        );
        reports.push(report(DYNAMODB_LOCAL, passed(9)));
        assert_eq!(
            line(&reports).unwrap(),
            "store suite: 9 tests on the embedded engine, 9 on DynamoDB Local"
        );
    }
}
