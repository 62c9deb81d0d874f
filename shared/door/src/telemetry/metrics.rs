//! Counted lines: the cost of an invocation, and the list of metrics that CloudWatch extracts from a line.
//!
//! There are few metrics, on one dimension, because each combination costs $0.30 a month. The line holds the route, for queries.

use std::{sync::LazyLock, time::Instant};

use adapters::{now, store::Usage};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::output::deployment;

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
    /// Returns the cost of an invocation that started at `started` and used `usage`.
    #[must_use]
    pub fn since(started: Instant, cold_start: bool, usage: Usage) -> Self {
        let Usage { calls, read_units: rcu, write_units: wcu } = usage;
        Self { latency_ms: started.elapsed().as_secs_f64() * 1000.0, cold_start, calls, rcu, wcu }
    }
}

/// The list of the fields that are metrics, in CloudWatch's embedded metric format.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Directive {
    /// Milliseconds since 1970.
    timestamp: i64,
    cloud_watch_metrics: &'static RawValue,
}

/// Returns `None` where no metrics are collected.
#[must_use]
pub fn directive(metrics: &'static LazyLock<Box<RawValue>>) -> Option<Directive> {
    deployment().metrics.then(|| Directive { timestamp: now().unix() * 1000, cloud_watch_metrics: metrics })
}

/// Returns the description of the metrics `(name, unit)`.
#[must_use]
pub fn described(metrics: &[(&str, &str)]) -> Box<RawValue> {
    raw(&[group(&["env"], metrics)])
}

/// Returns the description of the metrics, of which those `of_release` also exist for each release. A canary's alarm reads these. They are
/// described only on lines that change them, since each release has its own, and a metric without data costs nothing.
#[must_use]
pub fn described_with_release(metrics: &[(&str, &str)], of_release: &[(&str, &str)]) -> Box<RawValue> {
    raw(&[group(&["env"], metrics), group(&["env", "release"], of_release)])
}

fn group(dimensions: &[&str], metrics: &[(&str, &str)]) -> Value {
    let metrics: Vec<Value> =
        metrics.iter().map(|(name, unit)| json!({"Name": name, "Unit": unit})).collect();
    json!({"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics})
}

fn raw(groups: &[Value]) -> Box<RawValue> {
    serde_json::value::to_raw_value(groups).unwrap_or_default()
}
