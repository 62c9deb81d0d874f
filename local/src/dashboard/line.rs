//! A counted line, read as CloudWatch reads it: its metrics are the fields that its directive names.

use std::{collections::BTreeMap, sync::LazyLock};

use api::{jobs::JOBS, metrics, routes::SPECS};
use door::telemetry::{Metric, request};
use serde::Deserialize;
use serde_json::Value;

/// The metrics that have a column of their own, and so are not events.
const COLUMNS: [Metric; 5] = [
    request::REQUESTS,
    request::CLIENT_ERRORS,
    request::SERVER_ERRORS,
    request::READ_UNITS,
    request::WRITE_UNITS,
];

/// The metrics that count events.
static EVENTS: LazyLock<Vec<Metric>> = LazyLock::new(|| {
    let mut events = metrics::all();
    events.retain(|metric| metric.unit == "Count" && !COLUMNS.contains(metric));
    events
});

/// Numbers of events, by the names of their metrics.
pub type Events = BTreeMap<&'static str, u64>;

/// A counted line.
#[derive(Debug)]
pub struct Line {
    /// Seconds since 1970.
    pub at: i64,
    /// The name of the route or the job, from its table.
    pub name: &'static str,
    pub source: Source,
    pub latency_ms: f64,
    /// Database calls, and the units that they used.
    pub calls: u64,
    pub rcu: f64,
    pub wcu: f64,
    /// The events that occurred.
    pub events: Events,
}

/// The origin of a line.
#[derive(Debug)]
pub enum Source {
    Request { status: u16 },
    Run(Run),
}

/// A run of a job.
#[derive(Debug)]
pub struct Run {
    /// Such as `finished` or `error`.
    pub outcome: String,
    /// The text of the error, if the line has one.
    pub error: Option<String>,
    pub failed: bool,
}

impl Line {
    /// Reads a line; `None` if it is not a counted line with metrics, of a route or a job of the tables.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fields: Fields = serde_json::from_str(text).ok()?;
        let events = fields.events();
        let Fields { route, status, outcome, error_code, latency_ms, calls, rcu, wcu, directive, .. } =
            fields;
        let (name, source) = match status {
            Some(status) => (route_named(&route)?, Source::Request { status }),
            None => {
                let name = JOBS.iter().map(|job| job.name).find(|name| *name == route)?;
                (name, Source::Run(Run::new(&outcome?, error_code.is_some())))
            }
        };
        Some(Self {
            at: directive.timestamp.div_euclid(1000),
            name,
            source,
            latency_ms,
            calls,
            rcu,
            wcu,
            events,
        })
    }
}

impl Run {
    /// `outcome` is a text, or an object with the field `outcome`.
    fn new(outcome: &Value, failed: bool) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self {
            outcome: text(outcome).or_else(|| text(&outcome["outcome"])).unwrap_or_else(|| "done".to_owned()),
            error: text(&outcome["error"]),
            failed,
        }
    }
}

/// Returns the name of the route from the table; `None` if the table does not have it.
#[must_use]
pub fn route_named(name: &str) -> Option<&'static str> {
    SPECS.iter().map(|spec| spec.name).find(|known| *known == name)
}

#[derive(Deserialize)]
struct Fields {
    route: String,
    status: Option<u16>,
    outcome: Option<Value>,
    error_code: Option<String>,
    latency_ms: f64,
    calls: u64,
    rcu: f64,
    wcu: f64,
    #[serde(rename = "_aws")]
    directive: Directive,
    /// The values of metrics, among other fields.
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    /// Milliseconds since 1970.
    timestamp: i64,
    /// The first group has all metrics; a second one repeats some with other dimensions.
    cloud_watch_metrics: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Group {
    metrics: Vec<Described>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    name: String,
}

impl Fields {
    fn events(&self) -> Events {
        let described =
            self.directive.cloud_watch_metrics.first().into_iter().flat_map(|group| &group.metrics);
        let known =
            described.filter_map(|described| EVENTS.iter().find(|event| event.name == described.name));
        let counted = known.filter_map(|event| Some((event.name, self.others.get(event.name)?.as_u64()?)));
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn described(names: &[&str]) -> Value {
        let metrics: Vec<_> = names.iter().map(|name| json!({"Name": name, "Unit": "Count"})).collect();
        let group =
            |metrics: Value| json!({"Namespace": "Pokedex", "Dimensions": [["env"]], "Metrics": metrics});
        let second = json!([{"Name": "ServerErrors", "Unit": "Count"}]);
        json!({"Timestamp": 1_700_000_000_000_i64, "CloudWatchMetrics": [group(metrics.into()), group(second)]})
    }

    fn request(route: &str) -> Value {
        json!({
            "level": "INFO", "msg": "answered", "route": route, "method": "GET", "status": 429, "latency_ms": 1.5,
            "cold_start": false, "calls": 2, "rcu": 0.5, "wcu": 1.0, "error_code": "rate_limited",
            "Requests": 1, "ClientErrors": 1, "RateLimited": 1, "Panics": 0, "TokensIssued": 1, "ReadUnits": 0.5,
            "_aws": described(&["Requests", "ClientErrors", "RateLimited", "Panics", "ReadUnits", "OfNoTable"]),
        })
    }

    #[test]
    fn a_request_has_the_events_that_its_directive_names() {
        let line = Line::parse(&format!("{}\n", request("get-pokemon"))).expect("a line");
        assert_eq!((line.at, line.name), (1_700_000_000, "get-pokemon"));
        assert!(matches!(line.source, Source::Request { status: 429 }), "{line:?}");
        assert_eq!((line.latency_ms, line.calls, line.rcu, line.wcu), (1.5, 2, 0.5, 1.0));
        assert_eq!(line.events, Events::from([("RateLimited", 1)]));
    }

    #[test]
    fn a_run_has_its_outcome_and_its_error() {
        let run = |outcome: Value, code: Option<&str>| {
            let mut line = request("sync-pokeapi");
            let fields = line.as_object_mut().expect("an object");
            fields.remove("status");
            fields.insert("outcome".to_owned(), outcome);
            fields.insert("error_code".to_owned(), json!(code));
            match Line::parse(&line.to_string()).expect("a line").source {
                Source::Run(Run { outcome, error, failed }) => (outcome, error, failed),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(run(json!({"outcome": "fresh"}), None), ("fresh".to_owned(), None, false));
        let failed = run(json!({"outcome": "error", "error": "refused"}), Some("failed"));
        assert_eq!(failed, ("error".to_owned(), Some("refused".to_owned()), true));
        assert_eq!(run(json!("error"), Some("failed")), ("error".to_owned(), None, true));
        assert_eq!(run(json!({"deleted": 3}), None), ("done".to_owned(), None, false));
    }

    #[test]
    fn a_line_without_metrics_or_of_an_unknown_route_is_ignored() {
        assert!(Line::parse(&request("get-nothing").to_string()).is_none());
        assert!(Line::parse("ready: http://127.0.0.1:8080").is_none());
        let mut line = request("get-pokemon");
        line.as_object_mut().expect("an object").remove("_aws");
        assert!(Line::parse(&line.to_string()).is_none());
    }
}
