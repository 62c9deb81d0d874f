//! The line of a scheduled job.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    line::Level,
    metrics::{Directive, Effort, described, directive},
};

/// One run of a scheduled job.
#[derive(Debug)]
pub struct JobLine {
    /// The function's name.
    pub route: &'static str,
    /// `None` if the run failed.
    pub outcome: Option<Value>,
    pub effort: Effort,
}

impl JobLine {
    pub(super) const fn level(&self) -> Level {
        if self.outcome.is_some() { Level::Info } else { Level::Error }
    }

    pub(super) fn fields(&self) -> impl Serialize {
        JobFields {
            route: self.route,
            outcome: self.outcome.clone().unwrap_or_else(|| "error".into()),
            effort: self.effort,
            error_code: self.outcome.is_none().then_some("failed"),
            job_errors: self.outcome.is_none().into(),
            directive: directive(&METRICS),
        }
    }
}

#[derive(Serialize)]
struct JobFields {
    route: &'static str,
    outcome: Value,
    #[serde(flatten)]
    effort: Effort,
    error_code: Option<&'static str>,
    #[serde(rename = "JobErrors")]
    job_errors: u8,
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    directive: Option<Directive>,
}

static METRICS: LazyLock<Box<RawValue>> = LazyLock::new(|| described(&[("JobErrors", "Count")]));
