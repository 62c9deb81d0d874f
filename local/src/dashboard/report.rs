//! The data of the page: `/dashboard.json`.

use std::ops::Range;

use api::{jobs::JOBS, metrics, routes::SPECS};
use door::telemetry::request::RATE_LIMITED;
use serde_json::{Map, Value, json};

use super::{
    histogram::ERROR,
    line::{Events, Source, route_named},
    window::{Counts, Job, SLOT, SLOTS, WINDOW, Window, slot},
};

/// The client's choices.
#[derive(Debug, PartialEq, Eq)]
pub struct Query {
    /// `route`: the route of the series; all routes if it is absent or unknown.
    route: Option<&'static str>,
    /// `seconds`: the period of the table, from one slot to the whole window, which is the default.
    seconds: i64,
}

impl Query {
    /// Reads the query of an address. Never fails: another value is the default.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        let seconds = value(query, "seconds").and_then(|text| text.parse().ok()).unwrap_or(WINDOW);
        Self { route: value(query, "route").and_then(route_named), seconds: seconds.clamp(SLOT, WINDOW) }
    }
}

fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Returns the data as JSON. `started` is the time of the first line that can be in the window, and `now` is now, in seconds since 1970.
#[must_use]
pub fn report(window: &Window, query: &Query, started: i64, now: i64) -> Value {
    let end = slot(now) + 1;
    let period = end - query.seconds / SLOT..end;
    // Less than the period after a start, and in a slot that has just begun.
    let covered = (now + 1 - started.max(period.start * SLOT)).max(1);
    let routes = window.routes(&period);
    let mut all = Counts::default();
    routes.values().for_each(|counts| all.merge(counts));
    let rows = SPECS.iter().filter_map(|spec| {
        let mut row = json!({"name": spec.name, "method": spec.method.as_str(), "path": spec.path});
        add(&mut row, numbers(routes.get(spec.name)?, covered));
        Some(row)
    });
    json!({
        "now": now,
        "started": started,
        "window_seconds": WINDOW,
        "slot_seconds": SLOT,
        "covered_seconds": covered,
        "percentile_error": ERROR,
        "routes": rows.collect::<Vec<_>>(),
        "all": numbers(&all, covered),
        "meanings": meanings(&all.events),
        "series": series(window, query.route, end - SLOTS..end),
        "jobs": window.jobs().map(|(name, job)| run(name, job, now)).collect::<Vec<_>>(),
    })
}

/// Moves the fields of `more` to `row`.
fn add(row: &mut Value, more: Value) {
    if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
        row.extend(more);
    }
}

/// The numbers of a row, with the rate over the covered seconds.
fn numbers(counts: &Counts, covered: i64) -> Value {
    let [informational, successes, redirects, client_errors, server_errors] = counts.classes;
    json!({
        "requests": counts.requests(),
        "per_second": rounded(counts.requests() as f64 / covered as f64),
        "p50_ms": percentile(counts, 50),
        "p95_ms": percentile(counts, 95),
        "p99_ms": percentile(counts, 99),
        "1xx": informational,
        "2xx": successes,
        "3xx": redirects,
        "4xx": client_errors,
        "5xx": server_errors,
        "calls": counts.calls,
        "rcu": counts.rcu,
        "wcu": counts.wcu,
        "events": counts.events,
    })
}

fn percentile(counts: &Counts, percent: u64) -> Option<f64> {
    counts.latencies.percentile(percent).map(|microseconds| microseconds as f64 / 1000.0)
}

/// Rounds to three digits after the point.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// The meanings of the metrics that count events.
fn meanings(events: &Events) -> Value {
    let mut known = metrics::all();
    known.retain(|metric| events.contains_key(metric.name));
    known
        .iter()
        .map(|metric| (metric.name.to_owned(), metric.meaning.into()))
        .collect::<Map<String, Value>>()
        .into()
}

/// A column for each number, with one value for each slot, of which the last is not over.
fn series(window: &Window, route: Option<&str>, slots: Range<i64>) -> Value {
    let all = window.series(route, &slots);
    json!({
        "route": route,
        "from": slots.start * SLOT,
        "requests": column(&all, |counts| counts.requests().into()),
        "p50_ms": column(&all, |counts| percentile(counts, 50).into()),
        "p95_ms": column(&all, |counts| percentile(counts, 95).into()),
        "p99_ms": column(&all, |counts| percentile(counts, 99).into()),
        "4xx": column(&all, |counts| counts.classes[3].into()),
        "5xx": column(&all, |counts| counts.classes[4].into()),
        "rate_limited": column(&all, |counts| {
            counts.events.get(RATE_LIMITED.name).copied().unwrap_or_default().into()
        }),
        "calls": column(&all, |counts| counts.calls.into()),
        "rcu": column(&all, |counts| counts.rcu.into()),
        "wcu": column(&all, |counts| counts.wcu.into()),
    })
}

fn column(slots: &[Counts], value: impl Fn(&Counts) -> Value) -> Vec<Value> {
    slots.iter().map(value).collect()
}

fn run(name: &str, job: &Job, now: i64) -> Value {
    let Source::Run(last) = &job.last.source else { return Value::Null };
    json!({
        "name": name,
        "summary": JOBS.iter().find(|job| job.name == name).map(|job| job.summary),
        "runs": job.runs,
        "failures": job.failures,
        "outcome": last.outcome,
        "error": last.error,
        "failed": last.failed,
        "age_seconds": (now - job.last.at).max(0),
        "latency_ms": rounded(job.last.latency_ms),
        "calls": job.last.calls,
        "rcu": job.last.rcu,
        "wcu": job.last.wcu,
        "events": job.last.events,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::line::{Line, Run};

    fn request(name: &'static str, at: i64, status: u16) -> Line {
        let (source, events) = (Source::Request { status }, Events::new());
        Line { at, name, source, latency_ms: 2.0, calls: 3, rcu: 0.5, wcu: 0.0, events }
    }

    #[test]
    fn an_unknown_choice_is_the_default() {
        let default = Query { route: None, seconds: WINDOW };
        for query in [
            "",
            "route=get-nothing",
            "seconds=many",
            "seconds=3600",
            "seconds=&route=",
            "x=1&routes=get-type",
        ] {
            assert_eq!(Query::parse(query), default, "{query}");
        }
        let chosen = Query { route: Some("get-type"), seconds: 60 };
        assert_eq!(Query::parse("seconds=60&route=get-type"), chosen);
        assert_eq!(Query::parse("seconds=-1").seconds, SLOT);
    }

    #[test]
    fn the_rate_is_that_of_the_covered_time() {
        let mut window = Window::default();
        for at in 1000..1060 {
            window.add(request("get-type", at, if at % 2 == 0 { 200 } else { 404 }));
        }
        let seconds = |seconds| Query { route: None, seconds };
        // The server started at 1000: of the window, only a minute is covered.
        let whole = report(&window, &seconds(WINDOW), 1000, 1059);
        assert_eq!((&whole["covered_seconds"], &whole["all"]["per_second"]), (&json!(60), &json!(1.0)));
        assert_eq!((&whole["all"]["2xx"], &whole["all"]["4xx"]), (&json!(30), &json!(30)));
        assert_eq!(whole["routes"][0]["path"], "/api/v1/types/{name}");
        assert_eq!(whole["routes"][0]["p95_ms"].as_f64().map(f64::round), Some(2.0));
        let short = report(&window, &seconds(10), 0, 1059);
        assert_eq!((&short["covered_seconds"], &short["all"]["requests"]), (&json!(10), &json!(10)));
        let later = report(&window, &seconds(10), 0, 1059 + 60);
        assert_eq!((&later["routes"], &later["all"]["p50_ms"]), (&json!([]), &Value::Null));
        let much_later = report(&window, &seconds(WINDOW), 0, 1059 + WINDOW);
        assert_eq!(much_later["all"]["requests"], 0);
    }

    #[test]
    fn a_series_has_a_value_for_each_slot() {
        let mut window = Window::default();
        for at in [1000, 1001, 1007] {
            window.add(request("get-type", at, 500));
        }
        let series = |query| report(&window, &Query::parse(query), 0, 1009)["series"].clone();
        let (all, other) = (series(""), series("route=get-pokemon"));
        for (name, column) in all.as_object().expect("columns").iter().filter(|(_, column)| column.is_array())
        {
            assert_eq!(column.as_array().map(Vec::len), Some(SLOTS as usize), "{name}");
        }
        let last = |series: &Value, name: &str| series[name].as_array().expect("a column")[178..].to_vec();
        assert_eq!(
            (last(&all, "5xx"), last(&all, "calls")),
            (vec![json!(2), json!(1)], vec![json!(6), json!(3)])
        );
        assert_eq!((last(&other, "5xx"), last(&other, "p50_ms")), (vec![json!(0); 2], vec![Value::Null; 2]));
        assert_eq!((&all["from"], &other["route"]), (&json!(1010 - WINDOW), &json!("get-pokemon")));
    }

    #[test]
    fn a_job_has_its_last_outcome_its_age_and_its_failures() {
        let run = Run { outcome: "error".to_owned(), error: Some("refused".to_owned()), failed: true };
        let mut window = Window::default();
        window.add(Line { source: Source::Run(run), ..request("sync-pokeapi", 1000, 200) });
        let report = report(&window, &Query::parse(""), 0, 1060);
        let job = &report["jobs"][0];
        assert_eq!((&job["name"], &job["age_seconds"]), (&json!("sync-pokeapi"), &json!(60)));
        assert_eq!((&job["outcome"], &job["error"]), (&json!("error"), &json!("refused")));
        assert_eq!((&job["runs"], &job["failures"]), (&json!(1), &json!(1)));
        assert_eq!(report["routes"], json!([]), "a run is not a request");
    }
}
