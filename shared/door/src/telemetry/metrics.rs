//! Counted lines: the cost of an invocation, and the list of metrics that CloudWatch extracts from a line.
//!
//! There are few metrics, on one dimension, because each combination costs $0.30 a month. The line holds the route, for queries. Each
//! metric is a constant of the module that counts it, with its unit and its meaning; alarms, dashboards and documents refer to these
//! constants.

use std::{borrow::Cow, sync::LazyLock, time::Instant};

use adapters::{now, store::Usage};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::output::deployment;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Pokedex";

/// A metric of the lines of one kind. Its dimension is the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    /// CloudWatch's unit.
    pub unit: &'static str,
    pub meaning: &'static str,
}

impl Metric {
    /// A number of things of which each line counts some.
    #[must_use]
    pub const fn count(name: &'static str, meaning: &'static str) -> Self {
        Self { name, unit: "Count", meaning }
    }
}

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
    cloud_watch_metrics: Cow<'static, RawValue>,
}

/// Returns `None` where no metrics are collected.
#[must_use]
pub fn directive(metrics: &'static LazyLock<Box<RawValue>>) -> Option<Directive> {
    deployment().metrics.then(|| directive_of(Cow::Borrowed(metrics)))
}

/// Returns the same for metrics that depend on the line.
pub(super) fn directive_with(metrics: impl FnOnce() -> Box<RawValue>) -> Option<Directive> {
    deployment().metrics.then(|| directive_of(Cow::Owned(metrics())))
}

fn directive_of(cloud_watch_metrics: Cow<'static, RawValue>) -> Directive {
    Directive { timestamp: now().unix() * 1000, cloud_watch_metrics }
}

/// Returns the description of the metrics.
#[must_use]
pub fn described(metrics: &[Metric]) -> Box<RawValue> {
    raw(&[group(&["env"], metrics)])
}

/// Returns the description of the metrics, of which those `of_release` also exist for each release. A canary's alarm reads these. They are
/// described only on lines that change them, since each release has its own, and a metric without data costs nothing.
#[must_use]
pub fn described_with_release(metrics: &[Metric], of_release: &[Metric]) -> Box<RawValue> {
    raw(&[group(&["env"], metrics), group(&["env", "release"], of_release)])
}

fn group(dimensions: &[&str], metrics: &[Metric]) -> Value {
    let metrics: Vec<Value> =
        metrics.iter().map(|Metric { name, unit, .. }| json!({"Name": name, "Unit": unit})).collect();
    json!({"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics})
}

fn raw(groups: &[Value]) -> Box<RawValue> {
    serde_json::value::to_raw_value(groups).unwrap_or_default()
}
