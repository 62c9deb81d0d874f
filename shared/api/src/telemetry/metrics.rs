//! What is counted: one line a request, one line a sync, each with the metrics that CloudWatch is to make of it.
//!
//! Few metrics, on one dimension: each combination costs $0.30 a month. Which route it was is in the line, for queries.

use adapters::{
    now,
    store::Usage,
    sync::{Outcome, SyncError},
};
use serde_json::{Map, Value, json};

use super::{Level, environment};
use crate::config::Environment;

const NAMESPACE: &str = "Pokedex";

/// One request, answered.
#[derive(Debug)]
pub struct RequestSeen<'a> {
    pub route: &'static str,
    pub method: &'a str,
    pub status: u16,
    pub latency_ms: f64,
    pub cold_start: bool,
    pub usage: Usage,
    /// Of the problem that was answered.
    pub error_code: Option<&'static str>,
    pub panicked: bool,
}

impl RequestSeen<'_> {
    /// A 5xx is an error wherever errors are looked for.
    pub(super) const fn level(&self) -> Level {
        if self.status >= 500 { Level::Error } else { Level::Info }
    }

    pub(super) fn remark(&self) {
        let Self { route, method, status, latency_ms, usage, .. } = self;
        let Usage { calls, read_units, write_units } = usage;
        tracing::info!(
            route,
            method,
            status,
            latency_ms,
            calls,
            rcu = read_units,
            wcu = write_units,
            "answered"
        );
    }

    pub(super) fn fields(&self) -> Map<String, Value> {
        let is = |yes: bool| u8::from(yes);
        let (client, server) = ((400..500).contains(&self.status), self.status >= 500);
        let Usage { calls, read_units, write_units } = self.usage;
        let mut fields = object(json!({
            "route": self.route,
            "method": self.method,
            "status": self.status,
            "latency_ms": self.latency_ms,
            "cold_start": self.cold_start,
            "calls": calls,
            "rcu": read_units,
            "wcu": write_units,
            "error_code": self.error_code,
            "Requests": 1,
            "Latency": self.latency_ms,
            "ClientErrors": is(client),
            "ServerErrors": is(server),
            "DependencyDown": is(self.status == 503),
            "Panics": is(self.panicked),
            "ColdStarts": is(self.cold_start),
            "ReadUnits": read_units,
            "WriteUnits": write_units,
        }));
        with_metrics(
            &mut fields,
            &[
                ("Requests", "Count"),
                ("Latency", "Milliseconds"),
                ("ClientErrors", "Count"),
                ("ServerErrors", "Count"),
                ("DependencyDown", "Count"),
                ("Panics", "Count"),
                ("ColdStarts", "Count"),
                ("ReadUnits", "Count"),
                ("WriteUnits", "Count"),
            ],
        );
        fields
    }
}

/// One invocation of the sync.
#[derive(Debug)]
pub struct SyncSeen {
    level: Level,
    outcome: Value,
    fetched: usize,
    changed: usize,
    failed: usize,
    written: usize,
    is_finished: bool,
    is_error: bool,
}

impl SyncSeen {
    /// `busy` and `fresh` have no outcome of a run.
    #[must_use]
    pub fn idle(outcome: Value) -> Self {
        let (fetched, changed, failed, written) = (0, 0, 0, 0);
        let (is_finished, is_error) = (false, false);
        Self { level: Level::Info, outcome, fetched, changed, failed, written, is_finished, is_error }
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
    pub fn failed(error: &SyncError) -> Self {
        let told = json!({"outcome": "error", "error": error.to_string()});
        Self { level: Level::Error, is_error: true, ..Self::idle(told) }
    }

    pub(super) const fn level(&self) -> Level {
        self.level
    }

    pub(super) fn fields(&self) -> Map<String, Value> {
        let mut fields = object(json!({
            "route": "sync-pokeapi",
            "outcome": self.outcome,
            "SyncErrors": u8::from(self.is_error),
            "SyncFinished": u8::from(self.is_finished),
            "SyncFetched": self.fetched,
            "SyncChanged": self.changed,
            "SyncFailed": self.failed,
            "SyncWritten": self.written,
        }));
        with_metrics(
            &mut fields,
            &[
                ("SyncErrors", "Count"),
                ("SyncFinished", "Count"),
                ("SyncFetched", "Count"),
                ("SyncChanged", "Count"),
                ("SyncFailed", "Count"),
                ("SyncWritten", "Count"),
            ],
        );
        fields
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Says which fields are metrics, as CloudWatch's embedded metric format has it. On one machine nobody counts.
fn with_metrics(fields: &mut Map<String, Value>, metrics: &[(&str, &str)]) {
    if environment() == Environment::Local {
        return;
    }
    let metrics: Vec<Value> =
        metrics.iter().map(|(name, unit)| json!({"Name": name, "Unit": unit})).collect();
    let directive = json!({
        "Timestamp": now().unix() * 1000,
        "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["env"]], "Metrics": metrics}],
    });
    fields.insert("_aws".to_owned(), directive);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: RequestSeen<'static> = RequestSeen {
        route: "get-pokemon",
        method: "GET",
        status: 503,
        latency_ms: 1.5,
        cold_start: true,
        usage: Usage { calls: 1, read_units: 0.5, write_units: 0.0 },
        error_code: Some("unavailable"),
        panicked: false,
    };

    #[test]
    fn a_request_is_counted_by_what_became_of_it() {
        let fields = SEEN.fields();
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
            assert_eq!(fields[name], value, "{name}");
        }
        assert_eq!(SEEN.level(), Level::Error);
        let refused = RequestSeen { status: 404, ..SEEN };
        assert_eq!((&refused.fields()["ClientErrors"], refused.level()), (&json!(1), Level::Info));
    }
}
