//! Saved queries of the logs, which runbooks name.

use serde_json::{Value, json};

use crate::function::{Function, Trigger};

/// A query of CloudWatch Logs Insights over the lines of functions.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// The name after `pokedex-ENV/`.
    pub name: &'static str,
    /// The question that it answers.
    pub answers: &'static str,
    pub text: &'static str,
    over: Over,
}

/// The functions whose lines a query reads. A query reads at most 50 log groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Requests,
    Jobs,
    /// Both.
    All,
    Changes,
}

/// The most log groups of one query.
const MOST_GROUPS: usize = 50;

/// Every saved query.
pub static QUERIES: &[Query] = &[
    Query {
        name: "errors-by-cause",
        answers: "which routes fail, and for which causes",
        over: Over::Requests,
        text: "filter level = 'ERROR' and ispresent(cause)\n| stats count() as failures, latest(@timestamp) as last by route, cause\n| sort failures desc",
    },
    Query {
        name: "errors-by-release",
        answers: "which release fails",
        over: Over::Requests,
        text: "filter status >= 500\n| stats count() as failures by release, route, error_code, bin(5m)\n| sort failures desc",
    },
    Query {
        name: "slowest-routes",
        answers: "the percentiles and database calls of each route",
        over: Over::Requests,
        text: "filter ispresent(latency_ms)\n| stats count() as requests, pct(latency_ms, 50) as p50, pct(latency_ms, 95) as p95, pct(latency_ms, 99) as p99, avg(calls) as calls by route\n| sort p95 desc",
    },
    Query {
        name: "slowest-requests",
        answers: "the fifty slowest requests above 500 ms",
        over: Over::Requests,
        text: "filter latency_ms > 500\n| fields @timestamp, route, status, latency_ms, calls, rcu, cold_start, request_id, trace_id\n| sort latency_ms desc\n| limit 50",
    },
    Query {
        name: "cold-starts",
        answers: "the number, duration and memory of starts, by function",
        over: Over::All,
        text: "filter type = 'platform.report' and ispresent(record.metrics.initDurationMs)\n| stats count() as starts, pct(record.metrics.initDurationMs, 50) as p50, pct(record.metrics.initDurationMs, 95) as p95, max(record.metrics.maxMemoryUsedMB) as megabytes by @log\n| sort starts desc",
    },
    Query {
        name: "crashes",
        answers: "panics, time-outs, ends of processes",
        over: Over::All,
        text: "filter msg = 'panicked' or (type = 'platform.report' and record.status in ['timeout', 'error', 'failure']) or @message like /Runtime\\./\n| fields @timestamp, @log, msg, place, panic, record.status, @message\n| sort @timestamp desc\n| limit 50",
    },
    Query {
        name: "one-request",
        answers: "the lines of one request; replace REQUEST_ID",
        over: Over::Requests,
        text: "filter request_id = 'REQUEST_ID' or cdn_request_id = 'REQUEST_ID'\n| fields @timestamp, level, msg, route, status, latency_ms, error_code, cause, trace_id\n| sort @timestamp",
    },
    Query {
        name: "refusals",
        answers: "refused requests by route and reason",
        over: Over::Requests,
        text: "filter status = 429 or error_code in ['invalid_token', 'invalid_refresh_token', 'forbidden']\n| stats count() as refusals by route, error_code, bin(5m)\n| sort refusals desc",
    },
    Query {
        name: "costs-by-route",
        answers: "database units and seconds of each route",
        over: Over::Requests,
        text: "filter ispresent(rcu)\n| stats count() as requests, sum(rcu) as read_units, sum(wcu) as write_units, sum(latency_ms) / 1000 as seconds by route\n| sort seconds desc",
    },
    Query {
        name: "jobs",
        answers: "the latest runs of all jobs",
        over: Over::Jobs,
        text: "filter msg in ['ran', 'synced']\n| fields @timestamp, route, level, error_code, latency_ms, calls, outcome.outcome\n| sort @timestamp desc\n| limit 200",
    },
    Query {
        name: "job-errors",
        answers: "the errors of jobs",
        over: Over::Jobs,
        text: "filter level = 'ERROR'\n| fields @timestamp, @log, msg, error, outcome.error, request_id\n| sort @timestamp desc\n| limit 100",
    },
    Query {
        name: "probe",
        answers: "the runs of the probe, with the step that failed",
        over: Over::Jobs,
        text: "filter route = 'probe-api' and msg = 'ran'\n| fields @timestamp, outcome.outcome, outcome.failures.0.journey, outcome.failures.0.step, outcome.failures.0.request, outcome.failures.0.status, outcome.failures.0.reason, outcome.failures.0.request_id, outcome.user.played.part, outcome.reader.milliseconds\n| sort @timestamp desc\n| limit 200",
    },
    Query {
        name: "writes",
        answers: "changes and their database units, by route",
        over: Over::Changes,
        text: "filter ispresent(wcu) and wcu > 0\n| stats count() as changes, sum(wcu) as write_units by route, status, bin(5m)\n| sort changes desc",
    },
];

impl Over {
    fn has(self, function: &Function) -> bool {
        match (self, &function.trigger) {
            // The routes of administrators would exceed the limit of a query; they have little traffic.
            (Self::Requests | Self::All, Trigger::Request(_)) => function.stack == crate::stack::MAIN.name,
            (Self::Changes, Trigger::Request(spec)) => spec.method != http::Method::GET,
            (Self::Jobs | Self::All, Trigger::Job(_)) => true,
            _ => false,
        }
    }
}

impl Query {
    pub(super) fn resource(&self, functions: &[Function]) -> Value {
        let groups = functions.iter().filter(|function| self.over.has(function));
        let groups: Vec<_> = groups
            .map(|function| json!({"Fn::Sub": format!("/aws/lambda/pokedex-${{Environment}}-{}", function.name)}))
            .collect();
        assert!(groups.len() <= MOST_GROUPS, "{} reads {} log groups", self.name, groups.len());
        json!({
            "Type": "AWS::Logs::QueryDefinition",
            "Properties": {
                "Name": {"Fn::Sub": format!("pokedex-${{Environment}}/{}", self.name)},
                "QueryString": self.text,
                "LogGroupNames": groups,
            },
        })
    }
}
