//! The cost of an environment that nobody uses, in a month.

use serde_json::Value;

use super::{
    inputs::{Inputs, MONTH},
    requests::{Line, at_edge, data_at_edge, of_route},
};

/// The environments, and what they have.
pub(super) const ENVIRONMENTS: [(&str, Extent); 4] = [
    ("branch", Extent::Small),
    ("dev", Extent::Small),
    ("staging", Extent::Stable),
    ("prod", Extent::Replicated),
];

/// The extent of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    Small,
    /// Watched, protected and backed up.
    Stable,
    /// Also prepared in a second region.
    Replicated,
}

/// The metrics that an environment publishes without requests: two of jobs and eight of the sync.
const METRICS: f64 = 10.0;
/// The metrics that exist because the probe and the check send requests: the ten of requests, that of issued tokens, and two of its own.
const METRICS_OF_PROBE: f64 = 13.0;
/// Gigabyte-seconds of a scheduled invocation: half a second of 256 MB.
const GB_SECONDS: f64 = 0.125;
/// Backups that a vault keeps, exports in a month, and the months for which an export is kept.
const NIGHTS: f64 = 30.0;
const WEEKS: f64 = 4.3;
const KEPT_MONTHS: f64 = 3.0;
/// Gigabyte-seconds of a run of the probe, which waits for its responses: a second of 256 MB.
const GB_SECONDS_OF_PROBE: f64 = 0.25;
/// Gigabytes of the catalogue with its records and facts.
const CATALOGUE_GB: f64 = 0.03;

fn number(inputs: &Inputs, kind: &str) -> f64 {
    inputs.resources(kind).len() as f64
}

/// The number of metrics that all alarms read, and the number of alarms: each metric of an expression counts.
fn alarm_metrics(inputs: &Inputs) -> (f64, usize) {
    let alarms: Vec<Value> = inputs.resources("AWS::CloudWatch::Alarm");
    let of = |alarm: &Value| match alarm["Properties"]["Metrics"].as_array() {
        Some(metrics) => metrics.iter().filter(|metric| metric["MetricStat"].is_object()).count(),
        None => 1,
    };
    (alarms.iter().map(of).sum::<usize>() as f64, alarms.len())
}

/// The requests of all checks from outside in a month.
fn checks(inputs: &Inputs) -> f64 {
    let of = |check: &Value| {
        let config = &check["Properties"]["HealthCheckConfig"];
        let regions = config["Regions"].as_array().map_or(0, Vec::len) as f64;
        let seconds = config["RequestInterval"].as_f64().unwrap_or(30.0);
        regions * inputs.traffic.health_checkers * MONTH * 60.0 / seconds
    };
    inputs.resources("AWS::Route53::HealthCheck").iter().map(of).sum()
}

/// The backups of a vault: each is whole.
fn backups(inputs: &Inputs) -> f64 {
    NIGHTS * inputs.traffic.accounts_gb * inputs.prices.backup_gb_month
}

/// Returns the lines of a month without requests by clients.
pub(super) fn idle(inputs: &Inputs, extent: Extent) -> Vec<Line> {
    let prices = &inputs.prices;
    let (metrics, alarms) = alarm_metrics(inputs);
    let secrets = inputs.resources("AWS::SecretsManager::Secret");
    let secrets =
        secrets.iter().filter(|secret| extent >= Extent::Stable || secret["Condition"] != "IsStable").count();
    let mut lines = vec![
        Line::new("secrets", secrets as f64 * prices.secret_month),
        Line::new("schedules", inputs.scheduled / 1e6 * prices.scheduler_million_invocations),
        Line::new(
            "scheduled functions",
            inputs.scheduled
                * (GB_SECONDS * prices.lambda_gb_second_arm64 + prices.lambda_million_requests / 1e6),
        ),
        Line::new("tables", CATALOGUE_GB * prices.dynamodb_gb_month),
        Line::new("files in buckets", inputs.traffic.files_gb * prices.s3_gb_month),
        Line::new("logs", inputs.scheduled * inputs.traffic.log_bytes / 1e9 * prices.logs_gb),
    ];
    if extent >= Extent::Stable {
        let rules = inputs
            .resources("AWS::WAFv2::WebACL")
            .iter()
            .map(|acl| acl["Properties"]["Rules"].as_array().map_or(0, Vec::len))
            .sum::<usize>();
        lines.extend([
            Line::new("recovery to a point in time", CATALOGUE_GB * prices.dynamodb_recovery_gb_month),
            Line::new("backups of 30 nights", backups(inputs)),
            Line::new(
                "weekly exports",
                inputs.traffic.accounts_gb
                    * WEEKS
                    * (prices.dynamodb_export_gb + KEPT_MONTHS * prices.s3_gb_month),
            ),
            Line::new(format!("{alarms} alarms"), metrics * prices.alarm_metric_month),
            Line::new(
                "pages",
                number(inputs, "AWS::CloudWatch::CompositeAlarm") * prices.composite_alarm_month,
            ),
            Line::new("dashboards", number(inputs, "AWS::CloudWatch::Dashboard") * prices.dashboard_month),
            Line::new("metrics", (METRICS + METRICS_OF_PROBE) * prices.metric_month),
            Line::new("probe: runs", of_probe_itself(inputs)),
            Line::new("probe: requests", of_probe(inputs)),
            Line::new(
                "additional metrics of the distribution",
                number(inputs, "AWS::CloudFront::MonitoringSubscription") * prices.distribution_metrics_month,
            ),
            Line::new(
                "check from outside",
                number(inputs, "AWS::Route53::HealthCheck") * prices.health_check_month,
            ),
            Line::new(
                "requests of the check",
                checks(inputs) / 1e6 * (at_edge(prices) + of_route(inputs, &inputs.checked)),
            ),
            Line::new(
                format!("firewall, {rules} rules"),
                prices.waf_acl_month + rules as f64 * prices.waf_rule_month,
            ),
            Line::new("hosted zone", prices.hosted_zone_month),
        ]);
    }
    if extent == Extent::Replicated {
        let tables = CATALOGUE_GB + inputs.traffic.accounts_gb;
        let replicated = inputs.resources("AWS::SecretsManager::Secret");
        let replicated =
            replicated.iter().filter(|secret| secret["Properties"]["ReplicaRegions"] != Value::Null).count();
        lines.extend([
            Line::new("secrets of the second region", replicated as f64 * prices.secret_month),
            Line::new(
                "tables and backups of the second region",
                tables * (prices.dynamodb_gb_month + prices.dynamodb_recovery_gb_month) + backups(inputs),
            ),
        ]);
    }
    lines.retain(|line| line.dollars > 0.0);
    lines
}

/// The runs of the probe themselves: their schedule, function and lines.
fn of_probe_itself(inputs: &Inputs) -> f64 {
    let prices = &inputs.prices;
    let run = GB_SECONDS_OF_PROBE * prices.lambda_gb_second_arm64
        + (prices.lambda_million_requests + prices.scheduler_million_invocations) / 1e6
        + inputs.traffic.log_bytes / 1e9 * prices.logs_gb;
    inputs.probes * run
}

/// The requests that the probe sends, as if each reached its function.
fn of_probe(inputs: &Inputs) -> f64 {
    let million = |route| (at_edge(&inputs.prices) + data_at_edge(inputs)) + of_route(inputs, route);
    let run: f64 = inputs.probed.iter().map(|route| route.share * million(route) / 1e6).sum();
    inputs.probes * run
}
