//! The log line of a sync invocation, with its metrics.

use std::{fmt, sync::LazyLock};

use adapters::sync::Outcome;
use door::telemetry::{Directive, Effort, Level, described, directive};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    jobs::SYNC,
    metrics::{OF_SYNC, SYNC_AGE},
};

/// One invocation of the sync.
#[derive(Debug)]
pub struct SyncLine {
    level: Level,
    outcome: Value,
    error_code: Option<&'static str>,
    fetched: usize,
    changed: usize,
    failed: usize,
    written: usize,
    is_finished: bool,
    is_held: bool,
    is_error: bool,
    /// The seconds since the last complete run, if there was one and this invocation knows it.
    pub age: Option<i64>,
}

impl SyncLine {
    /// Returns the line of an invocation without a run, whose outcome is `busy` or `fresh`.
    #[must_use]
    pub fn idle(outcome: Value) -> Self {
        let (fetched, changed, failed, written) = (0, 0, 0, 0);
        let (is_finished, is_held, is_error) = (false, false, false);
        let (level, error_code) = (Level::Info, None);
        Self {
            level,
            outcome,
            error_code,
            fetched,
            changed,
            failed,
            written,
            is_finished,
            is_held,
            is_error,
            age: None,
        }
    }

    #[must_use]
    pub fn ended(outcome: &Outcome) -> Self {
        let reported = serde_json::to_value(outcome).unwrap_or_default();
        match outcome {
            Outcome::Finished { finished, published } => Self {
                level: if finished.is_good() { Level::Info } else { Level::Warn },
                fetched: finished.tally.fetched,
                changed: finished.tally.changed,
                failed: finished.tally.failed,
                written: published.written,
                is_finished: true,
                is_held: finished.held.is_some(),
                ..Self::idle(reported)
            },
            Outcome::Paused { .. } | Outcome::Superseded => Self::idle(reported),
        }
    }

    #[must_use]
    pub fn failed(code: &'static str, error: &dyn fmt::Display) -> Self {
        let reported = json!({"outcome": "error", "error": error.to_string()});
        Self { level: Level::Error, error_code: Some(code), is_error: true, ..Self::idle(reported) }
    }

    pub(crate) const fn level(&self) -> Level {
        self.level
    }

    pub(crate) fn fields(&self, effort: Effort) -> impl Serialize {
        SyncFields {
            route: SYNC.name,
            outcome: self.outcome.clone(),
            effort,
            error_code: self.error_code,
            metrics: SyncMetrics {
                sync_errors: self.is_error.into(),
                sync_finished: self.is_finished.into(),
                sync_held: self.is_held.into(),
                sync_fetched: self.fetched,
                sync_changed: self.changed,
                sync_failed: self.failed,
                sync_written: self.written,
                sync_age: self.age,
            },
            directive: directive(if self.age.is_some() { &ALL_METRICS } else { &SYNC_METRICS }),
        }
    }
}

#[derive(Serialize)]
struct SyncFields {
    route: &'static str,
    /// The outcome; a sync has no method or status.
    outcome: Value,
    #[serde(flatten)]
    effort: Effort,
    error_code: Option<&'static str>,
    #[serde(flatten)]
    metrics: SyncMetrics,
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    directive: Option<Directive>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SyncMetrics {
    sync_errors: u8,
    sync_finished: u8,
    sync_held: u8,
    sync_fetched: usize,
    sync_changed: usize,
    sync_failed: usize,
    sync_written: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync_age: Option<i64>,
}

static SYNC_METRICS: LazyLock<Box<RawValue>> = LazyLock::new(|| described(&OF_SYNC));

/// The metrics of a line that knows the age of the catalogue.
static ALL_METRICS: LazyLock<Box<RawValue>> =
    LazyLock::new(|| described(&[&OF_SYNC[..], &[SYNC_AGE]].concat()));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_every_metric() {
        let fields = |age| {
            let line = SyncLine { age, ..SyncLine::idle(json!({"outcome": "fresh"})) };
            serde_json::to_value(line.fields(Effort::since(
                std::time::Instant::now(),
                false,
                Default::default(),
            )))
            .expect("JSON")
        };
        for metric in OF_SYNC {
            assert!(fields(None)[metric.name].is_number(), "{}", metric.name);
        }
        assert_eq!((fields(None).get("SyncAge"), &fields(Some(3600))["SyncAge"]), (None, &json!(3600)));
    }
}
