//! The cost of a million requests.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, Prices, Route};

/// A line of a bill: a name, and dollars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub name: String,
    pub dollars: f64,
}

impl Line {
    pub(super) fn new(name: impl Into<String>, dollars: f64) -> Self {
        Self { name: name.into(), dollars }
    }
}

pub(super) fn sum(lines: &[Line]) -> f64 {
    lines.iter().map(|line| line.dollars).sum()
}

/// The share of a route's requests that reach its function.
fn reaching(inputs: &Inputs, route: &Route) -> f64 {
    let stored = if route.is_cacheable { inputs.traffic.edge_hits_percent / 100.0 } else { 0.0 };
    route.share / 100.0 * (1.0 - stored)
}

/// The share of all requests that reach a function.
pub(super) fn uncached(inputs: &Inputs) -> f64 {
    inputs.routes.iter().map(|route| reaching(inputs, route)).sum()
}

/// Returns what the data of a million responses cost at the edge.
pub(super) fn data_at_edge(inputs: &Inputs) -> f64 {
    inputs.traffic.response_bytes * 1e-3 * inputs.prices.cloudfront_gb
}

/// Returns the lines of a million requests at the edge, with the assumed traffic.
pub(super) fn million(inputs: &Inputs) -> Vec<Line> {
    let Inputs { prices, traffic, routes, .. } = inputs;
    let per = |of: &dyn Fn(&Route) -> f64| {
        routes.iter().map(|route| reaching(inputs, route) * of(route)).sum::<f64>()
    };
    let reach = uncached(inputs);
    let gb_seconds = per(&|route| route.memory_mb / 1024.0 * route.milliseconds / 1000.0) * 1e6;
    let gigabytes = |bytes: f64| bytes * 1e6 / 1e9;
    vec![
        Line::new("CloudFront: requests", prices.cloudfront_million_requests),
        Line::new("CloudFront: functions", prices.cloudfront_million_function_runs),
        Line::new("CloudFront: data to clients", gigabytes(traffic.response_bytes) * prices.cloudfront_gb),
        Line::new("firewall: requests", prices.waf_million_requests),
        Line::new("HTTP API: requests", reach * prices.http_api_million_requests),
        Line::new("Lambda: requests", reach * prices.lambda_million_requests),
        Line::new("Lambda: time", gb_seconds * prices.lambda_gb_second_arm64),
        Line::new("DynamoDB: reads", per(&|route| route.read_units) * prices.dynamodb_million_read_units),
        Line::new("DynamoDB: writes", per(&|route| route.write_units) * prices.dynamodb_million_write_units),
        Line::new("logs", reach * gigabytes(traffic.log_bytes) * (prices.logs_gb + prices.logs_gb_month)),
    ]
}

/// Returns what a million requests cost at the edge, whether a stored response answers them or not, without their data.
pub(super) fn at_edge(prices: &Prices) -> f64 {
    prices.cloudfront_million_requests + prices.cloudfront_million_function_runs + prices.waf_million_requests
}

/// Returns what a million requests of one route cost behind the edge: the API, the function, the database and the logs.
pub(super) fn of_route(inputs: &Inputs, route: &Route) -> f64 {
    let Inputs { prices, traffic, .. } = inputs;
    prices.http_api_million_requests
        + prices.lambda_million_requests
        + route.memory_mb / 1024.0 * route.milliseconds * 1000.0 * prices.lambda_gb_second_arm64
        + route.read_units * prices.dynamodb_million_read_units
        + route.write_units * prices.dynamodb_million_write_units
        + traffic.log_bytes * 1e-3 * (prices.logs_gb + prices.logs_gb_month)
}
