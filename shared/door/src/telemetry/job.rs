//! The line of a scheduled job.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    line::Level,
    metrics::{Directive, Effort, Metric, described, directive, directive_with},
};

/// One run of a scheduled job.
#[derive(Debug)]
pub struct JobLine {
    /// The function's name.
    pub route: &'static str,
    /// `None` if the run failed.
    pub outcome: Option<Value>,
    pub effort: Effort,
    /// A metric of the job, with its value; `None` if the job has none, or the run failed.
    pub counted: Option<(Metric, u64)>,
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
            counted: self.counted.map(|(metric, value)| (metric.name, value)).into_iter().collect(),
            directive: match self.counted {
                Some((metric, _)) => directive_with(|| described(&[JOB_ERRORS, metric])),
                None => directive(&METRICS),
            },
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
    #[serde(flatten)]
    counted: BTreeMap<&'static str, u64>,
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    directive: Option<Directive>,
}

pub const JOB_ERRORS: Metric = Metric::count("JobErrors", "Runs of scheduled jobs that failed");

static METRICS: LazyLock<Box<RawValue>> = LazyLock::new(|| described(&[JOB_ERRORS]));

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_has_the_metric_of_its_job() {
        let effort = Effort::since(std::time::Instant::now(), false, Default::default());
        let line = |counted| JobLine { route: "make-things", outcome: Some(json!({})), effort, counted };
        let fields = |counted| serde_json::to_value(line(counted).fields()).expect("JSON");
        assert_eq!((&fields(None)["JobErrors"], fields(None).get("ThingsLost")), (&json!(0), None));
        assert_eq!(fields(Some((Metric::count("ThingsLost", "things"), 3)))["ThingsLost"], 3);
    }
}
