//! The line of a request.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::problem::UNAVAILABLE;

use super::{
    line::Level,
    metrics::{Directive, Effort, Metric, described, described_with_release, directive, directive_with},
};

/// One answered request.
#[derive(Debug)]
pub struct RequestLine<'a> {
    pub route: &'static str,
    pub method: &'a str,
    pub status: u16,
    /// The id of the request in the log of the CDN, which has the client's address.
    pub cdn_request_id: Option<&'a str>,
    pub effort: Effort,
    /// The code of the problem in the response.
    pub error_code: Option<&'static str>,
    pub panicked: bool,
    pub events: Vec<Metric>,
}

/// The rare events of a request, each counted once by a metric that only the lines with it have.
#[derive(Debug, Default)]
pub struct Events(Mutex<Vec<Metric>>);

impl Events {
    pub fn add(&self, event: Metric) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    pub(crate) fn all(&self) -> Vec<Metric> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl RequestLine<'_> {
    /// Returns the line's level: a 5xx is an error, so that searches for errors find it.
    pub(super) const fn level(&self) -> Level {
        if self.status >= 500 { Level::Error } else { Level::Info }
    }

    pub(super) fn log_message(&self) {
        let Self { route, method, status, effort: Effort { latency_ms, calls, rcu, wcu, .. }, .. } = self;
        tracing::info!(route, method, status, latency_ms, calls, rcu, wcu, "answered");
    }

    pub(super) fn fields(&self) -> impl Serialize {
        RequestFields {
            route: self.route,
            method: self.method,
            status: self.status,
            cdn_request_id: self.cdn_request_id,
            effort: self.effort,
            error_code: self.error_code,
            metrics: RequestMetrics {
                requests: 1,
                latency: self.effort.latency_ms,
                client_errors: (400..500).contains(&self.status).into(),
                rate_limited: (self.status == 429).into(),
                server_errors: (self.status >= 500).into(),
                dependency_down: (self.error_code == Some(UNAVAILABLE)).into(),
                panics: self.panicked.into(),
                cold_starts: self.effort.cold_start.into(),
                read_units: self.effort.rcu,
                write_units: self.effort.wcu,
            },
            events: self.events.iter().map(|event| (event.name, 1)).collect(),
            directive: match &self.events[..] {
                [] if self.status >= 500 => directive(&FAILURE_METRICS),
                [] => directive(&REQUEST_METRICS),
                events => directive_with(|| {
                    let metrics = [&METRICS[..], events].concat();
                    if self.status < 500 {
                        described(&metrics)
                    } else {
                        described_with_release(&metrics, &[SERVER_ERRORS])
                    }
                }),
            },
        }
    }
}

#[derive(Serialize)]
struct RequestFields<'a> {
    route: &'static str,
    method: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    cdn_request_id: Option<&'a str>,
    #[serde(flatten)]
    effort: Effort,
    error_code: Option<&'static str>,
    #[serde(flatten)]
    metrics: RequestMetrics,
    #[serde(flatten)]
    events: BTreeMap<&'static str, u8>,
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

pub const REQUESTS: Metric = Metric::count("Requests", "Requests that functions answered");
pub const LATENCY: Metric = Metric {
    name: "Latency",
    unit: "Milliseconds",
    meaning: "The time of a request in its function, without the start",
};
pub const CLIENT_ERRORS: Metric = Metric::count("ClientErrors", "Answers from 400 to 499");
pub const RATE_LIMITED: Metric =
    Metric::count("RateLimited", "Requests that a rate limit of ours refused (429)");
pub const SERVER_ERRORS: Metric = Metric::count("ServerErrors", "Answers from 500 on");
pub const DEPENDENCY_DOWN: Metric =
    Metric::count("DependencyDown", "Requests that failed because DynamoDB, S3 or a secret did not answer");
pub const PANICS: Metric = Metric::count("Panics", "Requests whose handler panicked");
pub const COLD_STARTS: Metric = Metric::count("ColdStarts", "First requests of an execution environment");
pub const READ_UNITS: Metric = Metric::count("ReadUnits", "Read units of DynamoDB that requests used");
pub const WRITE_UNITS: Metric = Metric::count("WriteUnits", "Write units of DynamoDB that requests used");

/// The metrics that every line of a request has.
pub const METRICS: [Metric; 10] = [
    REQUESTS,
    LATENCY,
    CLIENT_ERRORS,
    RATE_LIMITED,
    SERVER_ERRORS,
    DEPENDENCY_DOWN,
    PANICS,
    COLD_STARTS,
    READ_UNITS,
    WRITE_UNITS,
];

static REQUEST_METRICS: LazyLock<Box<RawValue>> = LazyLock::new(|| described(&METRICS));

static FAILURE_METRICS: LazyLock<Box<RawValue>> =
    LazyLock::new(|| described_with_release(&METRICS, &[SERVER_ERRORS]));

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SEEN: RequestLine<'static> = RequestLine {
        route: "get-thing",
        method: "GET",
        status: 503,
        cdn_request_id: Some("cdn-1"),
        effort: Effort { latency_ms: 1.5, cold_start: true, calls: 1, rcu: 0.5, wcu: 0.0 },
        error_code: Some("unavailable"),
        panicked: false,
        events: Vec::new(),
    };

    #[test]
    fn a_line_has_every_metric_and_its_rare_events() {
        let events = vec![Metric::count("ThingsMade", "things")];
        let fields = serde_json::to_value(RequestLine { events, ..SEEN }.fields()).expect("JSON");
        for metric in METRICS {
            assert!(fields[metric.name].is_number(), "{}", metric.name);
        }
        assert_eq!(fields["ThingsMade"], 1);
        let busy = RequestLine { error_code: Some("busy"), ..SEEN };
        assert_eq!(serde_json::to_value(busy.fields()).expect("JSON")["DependencyDown"], 0);
    }

    #[test]
    fn a_request_is_counted_by_its_outcome() {
        let fields = |seen: &RequestLine<'_>| serde_json::to_value(seen.fields()).expect("JSON");
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
            ("cdn_request_id", json!("cdn-1")),
        ] {
            assert_eq!(all[name], value, "{name}");
        }
        let groups: serde_json::Value = serde_json::from_str(FAILURE_METRICS.get()).expect("JSON");
        let of_release = json!({"Namespace": "Pokedex", "Dimensions": [["env", "release"]], "Metrics": [{"Name": "ServerErrors", "Unit": "Count"}]});
        assert_eq!(groups[1], of_release, "the alarm of a canary reads this");
        assert_eq!(SEEN.level(), Level::Error);
        let refused = RequestLine { status: 404, cdn_request_id: None, ..SEEN };
        assert_eq!(fields(&refused).get("cdn_request_id"), None);
        assert_eq!((&fields(&refused)["ClientErrors"], refused.level()), (&json!(1), Level::Info));
    }
}
