//! Counted lines: one per request and one per sync, each with the metrics that CloudWatch extracts from it.
//!
//! There are few metrics, on one dimension, because each combination costs $0.30 a month. The line holds the route, for queries.

use std::{fmt, sync::LazyLock, time::Instant};

use adapters::{now, store::Usage, sync::Outcome};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::{Level, environment};
use crate::config::Environment;

const NAMESPACE: &str = "Pokedex";

/// The cost of an invocation.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Effort {
    pub latency_ms: f64,
    pub cold_start: bool,
    /// Database calls.
    pub calls: u64,
    pub rcu: f64,
    pub wcu: f64,
}

impl Effort {
    pub(crate) fn since(started: Instant, cold_start: bool, usage: Usage) -> Self {
        let Usage { calls, read_units: rcu, write_units: wcu } = usage;
        Self { latency_ms: started.elapsed().as_secs_f64() * 1000.0, cold_start, calls, rcu, wcu }
    }
}

/// One answered request.
#[derive(Debug)]
pub struct RequestSeen<'a> {
    pub route: &'static str,
    pub method: &'a str,
    pub status: u16,
    pub effort: Effort,
    /// The code of the problem in the response.
    pub error_code: Option<&'static str>,
    pub panicked: bool,
}

impl RequestSeen<'_> {
    /// Returns the line's level: a 5xx is an error, so that searches for errors find it.
    pub(super) const fn level(&self) -> Level {
        if self.status >= 500 { Level::Error } else { Level::Info }
    }

    pub(super) fn remark(&self) {
        let Self { route, method, status, effort: Effort { latency_ms, calls, rcu, wcu, .. }, .. } = self;
        tracing::info!(route, method, status, latency_ms, calls, rcu, wcu, "answered");
    }

    pub(super) fn fields(&self) -> impl Serialize {
        RequestFields {
            route: self.route,
            method: self.method,
            status: self.status,
            effort: self.effort,
            error_code: self.error_code,
            metrics: RequestMetrics {
                requests: 1,
                latency: self.effort.latency_ms,
                client_errors: (400..500).contains(&self.status).into(),
                rate_limited: (self.status == 429).into(),
                server_errors: (self.status >= 500).into(),
                dependency_down: (self.status == 503).into(),
                panics: self.panicked.into(),
                cold_starts: self.effort.cold_start.into(),
                read_units: self.effort.rcu,
                write_units: self.effort.wcu,
            },
            directive: directive(&REQUEST_METRICS),
        }
    }
}

#[derive(Serialize)]
struct RequestFields<'a> {
    route: &'static str,
    method: &'a str,
    status: u16,
    #[serde(flatten)]
    effort: Effort,
    error_code: Option<&'static str>,
    #[serde(flatten)]
    metrics: RequestMetrics,
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    directive: Option<Directive>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RequestMetrics {
    requests: u8,
    latency: f64,
    client_errors: u8,
    rate_limited: u8,
    server_errors: u8,
    dependency_down: u8,
    panics: u8,
    cold_starts: u8,
    read_units: f64,
    write_units: f64,
}

static REQUEST_METRICS: LazyLock<Box<RawValue>> = LazyLock::new(|| {
    described(&[
        ("Requests", "Count"),
        ("Latency", "Milliseconds"),
        ("ClientErrors", "Count"),
        ("RateLimited", "Count"),
        ("ServerErrors", "Count"),
        ("DependencyDown", "Count"),
        ("Panics", "Count"),
        ("ColdStarts", "Count"),
        ("ReadUnits", "Count"),
        ("WriteUnits", "Count"),
    ])
});

/// One invocation of the sync.
#[derive(Debug)]
pub struct SyncSeen {
    level: Level,
    outcome: Value,
    error_code: Option<&'static str>,
    fetched: usize,
    changed: usize,
    failed: usize,
    written: usize,
    is_finished: bool,
    is_error: bool,
}

impl SyncSeen {
    /// Returns the line of an invocation without a run, whose outcome is `busy` or `fresh`.
    #[must_use]
    pub fn idle(outcome: Value) -> Self {
        let (fetched, changed, failed, written) = (0, 0, 0, 0);
        let (is_finished, is_error) = (false, false);
        let (level, error_code) = (Level::Info, None);
        Self { level, outcome, error_code, fetched, changed, failed, written, is_finished, is_error }
    }

    #[must_use]
    pub fn ended(outcome: &Outcome) -> Self {
        let told = serde_json::to_value(outcome).unwrap_or_default();
        match outcome {
            Outcome::Finished { finished, published } => Self {
                level: if finished.is_good() { Level::Info } else { Level::Warn },
                fetched: finished.tally.fetched,
                changed: finished.tally.changed,
                failed: finished.tally.failed,
                written: published.written,
                is_finished: true,
                ..Self::idle(told)
            },
            Outcome::Paused { .. } => Self::idle(told),
        }
    }

    #[must_use]
    pub fn failed(code: &'static str, error: &dyn fmt::Display) -> Self {
        let told = json!({"outcome": "error", "error": error.to_string()});
        Self { level: Level::Error, error_code: Some(code), is_error: true, ..Self::idle(told) }
    }

    pub(super) const fn level(&self) -> Level {
        self.level
    }

    pub(super) fn fields(&self, effort: Effort) -> impl Serialize {
        SyncFields {
            route: "sync-pokeapi",
            outcome: self.outcome.clone(),
            effort,
            error_code: self.error_code,
            metrics: SyncMetrics {
                sync_errors: self.is_error.into(),
                sync_finished: self.is_finished.into(),
                sync_fetched: self.fetched,
                sync_changed: self.changed,
                sync_failed: self.failed,
                sync_written: self.written,
            },
            directive: directive(&SYNC_METRICS),
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
    sync_fetched: usize,
    sync_changed: usize,
    sync_failed: usize,
    sync_written: usize,
}

static SYNC_METRICS: LazyLock<Box<RawValue>> = LazyLock::new(|| {
    described(&[
        ("SyncErrors", "Count"),
        ("SyncFinished", "Count"),
        ("SyncFetched", "Count"),
        ("SyncChanged", "Count"),
        ("SyncFailed", "Count"),
        ("SyncWritten", "Count"),
    ])
});

/// The list of the fields that are metrics, in CloudWatch's embedded metric format.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Directive {
    /// Milliseconds since 1970.
    timestamp: i64,
    cloud_watch_metrics: &'static RawValue,
}

/// Returns `None` on one machine, where no metrics are collected.
pub(super) fn directive(metrics: &'static LazyLock<Box<RawValue>>) -> Option<Directive> {
    let counted = environment() != Environment::Local;
    counted.then(|| Directive { timestamp: now().unix() * 1000, cloud_watch_metrics: metrics })
}

pub(super) fn described(metrics: &[(&str, &str)]) -> Box<RawValue> {
    let metrics: Vec<Value> =
        metrics.iter().map(|(name, unit)| json!({"Name": name, "Unit": unit})).collect();
    let all = json!([{"Namespace": NAMESPACE, "Dimensions": [["env"]], "Metrics": metrics}]);
    serde_json::value::to_raw_value(&all).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: RequestSeen<'static> = RequestSeen {
        route: "get-pokemon",
        method: "GET",
        status: 503,
        effort: Effort { latency_ms: 1.5, cold_start: true, calls: 1, rcu: 0.5, wcu: 0.0 },
        error_code: Some("unavailable"),
        panicked: false,
    };

    #[test]
    fn a_request_is_counted_by_its_outcome() {
        let fields = |seen: &RequestSeen<'_>| serde_json::to_value(seen.fields()).expect("JSON");
        let all = fields(&SEEN);
        for (name, value) in [
            ("Requests", json!(1)),
            ("ClientErrors", json!(0)),
            ("ServerErrors", json!(1)),
            ("DependencyDown", json!(1)),
            ("Panics", json!(0)),
            ("ColdStarts", json!(1)),
            ("rcu", json!(0.5)),
            ("error_code", json!("unavailable")),
        ] {
            assert_eq!(all[name], value, "{name}");
        }
        assert_eq!(SEEN.level(), Level::Error);
        let refused = RequestSeen { status: 404, ..SEEN };
        assert_eq!((&fields(&refused)["ClientErrors"], refused.level()), (&json!(1), Level::Info));
    }
}
