//! The dashboards: one for operation, and one that shows releases side by side.

use api::metrics::{
    ASSETS_FAILED, PROBE_FAILED, PROBE_LATENCY, REFRESH_REPLAYS, SYNC_AGE, SYNC_CHANGED, SYNC_ERRORS,
    SYNC_FAILED, SYNC_FETCHED, SYNC_FINISHED, SYNC_HELD, SYNC_WRITTEN, TOKENS_ISSUED,
};
use door::{
    idempotency::REPLAYS,
    telemetry::{
        Metric, NAMESPACE,
        job::JOB_ERRORS,
        request::{
            CLIENT_ERRORS, COLD_STARTS, DEPENDENCY_DOWN, LATENCY, PANICS, RATE_LIMITED, READ_UNITS, REQUESTS,
            SERVER_ERRORS, WRITE_UNITS,
        },
    },
};
use serde_json::{Value, json};

use super::{
    alarm::{Place, Series, kebab},
    alarms::ALARMS,
    global,
};

/// The width of a dashboard is 24 units; each graph has a third of it.
const WIDTH: usize = 8;
const HEIGHT: usize = 6;

const REGION: &str = "${AWS::Region}";

/// A graph: its title, the label of its axis, and its lines.
struct Graph {
    title: &'static str,
    region: &'static str,
    lines: Vec<Value>,
}

fn graph(title: &'static str, lines: Vec<Value>) -> Graph {
    Graph { title, region: REGION, lines }
}

/// A line for one of our metrics.
fn own(metric: Metric, statistic: &str) -> Value {
    let label = if statistic.starts_with('p') {
        format!("{} {statistic}", metric.name)
    } else {
        metric.name.to_owned()
    };
    json!([NAMESPACE, metric.name, "env", "${Environment}", {"stat": statistic, "label": label}])
}

fn sums(metrics: &[Metric]) -> Vec<Value> {
    metrics.iter().map(|metric| own(*metric, "Sum")).collect()
}

/// A line for a metric of a service of AWS.
fn aws(namespace: &str, metric: &str, dimensions: &[(&str, &str)], statistic: &str) -> Value {
    let mut line = vec![json!(namespace), json!(metric)];
    line.extend(dimensions.iter().flat_map(|(name, value)| [json!(name), json!(value)]));
    line.push(json!({"stat": statistic}));
    Value::Array(line)
}

/// A line for a series that alarms read as well.
fn line(series: Series) -> Value {
    let (namespace, metric, dimensions) = series.source.parts();
    let mut line = vec![json!(namespace), json!(metric)];
    line.extend(dimensions.into_iter().flat_map(|(name, value)| [json!(name), json!(value.in_text())]));
    line.push(json!({"stat": series.statistic}));
    Value::Array(line)
}

/// The graphs of the metrics in us-east-1.
fn edge() -> Vec<Graph> {
    let graph = |title: &'static str, series: &[Series]| Graph {
        title,
        region: global::REGION,
        lines: series.iter().map(|series| line(*series)).collect(),
    };
    let distribution = global::distribution;
    vec![
        graph("Edge: traffic", &[global::REQUESTS, distribution("BytesDownloaded", "Sum")]),
        graph("Edge: errors, %", &[global::ERRORS, distribution("4xxErrorRate", "Average")]),
        graph("Edge: answered from its store, %", &[global::HITS]),
        graph("Edge: latency of the origin, ms", &[distribution("OriginLatency", "p50"), global::ORIGIN]),
        graph("Firewall: blocked requests by rule", &global::BLOCKED_BY_RULE),
        graph("Reached from outside, % of the checkers", &[global::REACHED]),
    ]
}

fn operation() -> Vec<Graph> {
    let api = |metric: &str, statistic: &str| {
        aws("AWS/ApiGateway", metric, &[("ApiId", "${HttpApiId}")], statistic)
    };
    let lambda = |metric: &str, statistic: &str| aws("AWS/Lambda", metric, &[], statistic);
    let table = |metric: &str, table: &str| aws("AWS/DynamoDB", metric, &[("TableName", table)], "Sum");
    let (app, catalog) = ("${AppTableName}", "${CatalogTableName}");
    vec![
        graph("Traffic of the API", vec![api("Count", "Sum"), own(REQUESTS, "Sum")]),
        graph(
            "Errors",
            vec![api("5xx", "Sum"), api("4xx", "Sum"), own(SERVER_ERRORS, "Sum"), own(CLIENT_ERRORS, "Sum")],
        ),
        graph("Latency in the functions, ms", ["p50", "p95", "p99"].map(|p| own(LATENCY, p)).to_vec()),
        graph(
            "Latency of the API with cold starts, ms",
            ["p50", "p95", "p99"].map(|p| api("IntegrationLatency", p)).to_vec(),
        ),
        graph(
            "Cold starts and crashes",
            vec![own(COLD_STARTS, "Sum"), own(PANICS, "Sum"), lambda("Errors", "Sum")],
        ),
        graph(
            "Saturation",
            vec![
                lambda("ClaimedAccountConcurrency", "Maximum"),
                lambda("ConcurrentExecutions", "Maximum"),
                lambda("Throttles", "Sum"),
            ],
        ),
        graph(
            "Dependencies",
            vec![
                own(DEPENDENCY_DOWN, "Sum"),
                table("ReadThrottleEvents", app),
                table("WriteThrottleEvents", app),
                table("ReadThrottleEvents", catalog),
                table("TransactionConflict", app),
            ],
        ),
        graph("Accounts", sums(&[TOKENS_ISSUED, REFRESH_REPLAYS, REPLAYS, RATE_LIMITED])),
        graph("Catalogue: age, s", vec![own(SYNC_AGE, "Minimum")]),
        graph("Catalogue: runs", sums(&[SYNC_FINISHED, SYNC_ERRORS, SYNC_HELD])),
        graph("Catalogue: documents", sums(&[SYNC_FETCHED, SYNC_CHANGED, SYNC_FAILED, SYNC_WRITTEN])),
        graph("Jobs, mirror and probe", sums(&[JOB_ERRORS, ASSETS_FAILED, PROBE_FAILED])),
        graph("Journey of a reader, ms", ["p50", "p95"].map(|p| own(PROBE_LATENCY, p)).to_vec()),
        graph("Cost: database units", sums(&[READ_UNITS, WRITE_UNITS])),
        graph("Cost: functions", vec![lambda("Invocations", "Sum"), lambda("Duration", "Sum")]),
        graph("Cost: log bytes", vec![aws("AWS/Logs", "IncomingBytes", &[], "Sum")]),
    ]
}

/// The lines that each release has: CloudWatch finds the releases itself.
fn release() -> Vec<Graph> {
    let search = format!(
        "SEARCH('{{{NAMESPACE},env,release}} MetricName=\"{}\" env=\"${{Environment}}\"', 'Sum')",
        SERVER_ERRORS.name
    );
    vec![
        graph("Server errors by release", vec![json!([{"expression": search, "id": "errors"}])]),
        graph("Requests and errors", sums(&[REQUESTS, SERVER_ERRORS])),
        graph("Latency, ms", ["p50", "p95"].map(|p| own(LATENCY, p)).to_vec()),
    ]
}

fn widget(place: usize, top: usize, kind: &str, width: usize, properties: Value) -> Value {
    let (x, y) = (place % 3 * WIDTH, top + place / 3 * HEIGHT);
    json!({"type": kind, "x": x, "y": y, "width": width, "height": HEIGHT, "properties": properties})
}

fn graphs(graphs: Vec<Graph>, top: usize) -> Vec<Value> {
    let widgets = graphs.into_iter().enumerate().map(|(place, Graph { title, region, lines })| {
        let properties =
            json!({"title": title, "region": region, "view": "timeSeries", "period": 300, "metrics": lines});
        widget(place, top, "metric", WIDTH, properties)
    });
    widgets.collect()
}

/// A table of the lines of all routes, which shows releases side by side.
fn by_release(place: usize, title: &str, functions: &[String], query: &str) -> Value {
    let sources: Vec<_> = functions
        .iter()
        .map(|name| format!("SOURCE '/aws/lambda/pokedex-${{Environment}}-{name}'"))
        .collect();
    let properties = json!({
        "title": title,
        "region": REGION,
        "view": "table",
        "query": format!("{} | {query}", sources.join(" | ")),
    });
    widget(place * 3, HEIGHT, "log", 3 * WIDTH, properties)
}

fn resource(name: &str, widgets: &[Value]) -> Value {
    json!({
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {
            "DashboardName": {"Fn::Sub": format!("pokedex-${{Environment}}-{name}")},
            "DashboardBody": {"Fn::Sub": json!({"widgets": widgets}).to_string()},
        },
    })
}

/// A list of the alarms of a place that exist in every environment with a dashboard.
fn states(place: Place, title: &str) -> Value {
    let region = match place {
        Place::Home => REGION,
        Place::Global => global::REGION,
    };
    let names =
        ALARMS.iter().filter(|alarm| alarm.place == place && alarm.condition.is_none()).map(|alarm| {
            let name = kebab(alarm.id);
            format!("arn:${{AWS::Partition}}:cloudwatch:{region}:${{AWS::AccountId}}:alarm:pokedex-${{Environment}}-{name}")
        });
    json!({"title": title, "alarms": names.collect::<Vec<_>>()})
}

/// Returns the dashboards by logical id. `functions` are the names of the functions of the routes that clients use most.
pub(super) fn resources(functions: &[String]) -> Vec<(String, Value)> {
    let mut operations = vec![
        widget(0, 0, "alarm", 2 * WIDTH, states(Place::Home, "Alarms")),
        widget(2, 0, "alarm", WIDTH, states(Place::Global, "Alarms of the edge")),
    ];
    let mut shown = operation();
    shown.extend(edge());
    operations.extend(graphs(shown, HEIGHT));
    let mut releases = graphs(release(), 0);
    releases.push(by_release(
        0,
        "Latency and errors by release",
        functions,
        "filter ispresent(latency_ms) | stats count() as requests, pct(latency_ms, 50) as p50, pct(latency_ms, 95) as p95, \
         sum(status >= 500) as failures by release",
    ));
    vec![
        ("OperationsDashboard".to_owned(), resource("operations", &operations)),
        ("ReleasesDashboard".to_owned(), resource("releases", &releases)),
    ]
}
