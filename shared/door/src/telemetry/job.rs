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
    /// The metrics of the job, each with its value; none if the job has none, or the run failed.
    pub counted: Vec<(Metric, u64)>,
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
            counted: self.counted.iter().map(|(metric, value)| (metric.name, *value)).collect(),
            directive: match &self.counted[..] {
                [] => directive(&METRICS),
                counted => directive_with(|| {
                    let own: Vec<_> = counted.iter().map(|(metric, _)| *metric).collect();
                    described(&[&[JOB_ERRORS][..], &own].concat())
                }),
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
    fn a_line_has_the_metrics_of_its_job() {
        let effort = Effort::since(std::time::Instant::now(), false, Default::default());
        let line = |counted| JobLine { route: "make-things", outcome: Some(json!({})), effort, counted };
        let fields = |counted| serde_json::to_value(line(counted).fields()).expect("JSON");
        let without = fields(Vec::new());
        assert_eq!((&without["JobErrors"], without.get("ThingsLost")), (&json!(0), None));
        let lost = (Metric::count("ThingsLost", "things"), 3);
        let made = (Metric::count("ThingsMade", "things"), 40);
        let with = fields(vec![lost, made]);
        assert_eq!((&with["ThingsLost"], &with["ThingsMade"]), (&json!(3), &json!(40)));
    }
}
