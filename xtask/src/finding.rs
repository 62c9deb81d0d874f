//! The result of a stage.

use std::time::Duration;

use crate::tally::Tally;

pub enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// The result of a stage. `tally` is `None` for a stage that runs no tests.
pub struct Finding {
    pub outcome: Outcome,
    pub tally: Option<Tally>,
}

impl From<Outcome> for Finding {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, tally: None }
    }
}

pub struct Report {
    pub stage: &'static str,
    pub finding: Finding,
    pub took: Duration,
}
