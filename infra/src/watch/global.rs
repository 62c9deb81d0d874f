//! The metrics that AWS publishes in us-east-1 alone, and the check from outside.

use serde_json::{Value, json};

use super::{
    alarm::{Of, Series, Source},
    parameters::{CHECK, DISTRIBUTION, HOST},
};
use crate::tags::tags;

/// The region of these metrics.
pub(super) const REGION: &str = "us-east-1";

/// The route that the check requests. It makes no database call, and the edge does not store its response: the check shows that the edge,
/// the API and a function work. Readiness is for people: while the database is down, other alarms name it.
pub(crate) const CHECKED: &str = "get-health";

/// The resource of the check.
pub(super) const RESOURCE: &str = "HealthCheck";
/// Route 53 accepts no fewer than three regions. Each has several checkers, which do not wait for each other.
const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-1"];
/// The seconds between two requests of a checker.
const INTERVAL: u32 = 30;
/// The failures in a row after which a checker does not reach the address. The check fails once at most 18 % of the checkers reach it.
const FAILURES: u32 = 3;

/// The health check of the address at which clients reach the environment. Its requests pass through the firewall as all others do.
pub(super) fn check(path: &str) -> Value {
    let mut names = tags();
    if let Some(names) = names.as_array_mut() {
        names.push(json!({"Key": "Name", "Value": {"Fn::Sub": "pokedex-${Environment}"}}));
    }
    json!({
        "Type": "AWS::Route53::HealthCheck",
        "Properties": {
            "HealthCheckConfig": {
                "Type": "HTTPS",
                "FullyQualifiedDomainName": {"Ref": HOST},
                "Port": 443,
                "ResourcePath": path,
                "RequestInterval": INTERVAL,
                "FailureThreshold": FAILURES,
                "EnableSNI": true,
                "Regions": REGIONS,
            },
            "HealthCheckTags": names,
        },
    })
}

/// 1 while the checkers reach the address, 0 while they do not.
pub(super) const STATUS: Series = Series {
    source: Source::Aws("AWS/Route53", "HealthCheckStatus", &[("HealthCheckId", Of::Parameter(RESOURCE))]),
    statistic: "Minimum",
};

/// The share of the checkers that reach the address, for a template that has the check as a parameter.
pub(super) const REACHED: Series = Series {
    source: Source::Aws(
        "AWS/Route53",
        "HealthCheckPercentageHealthy",
        &[("HealthCheckId", Of::Parameter(CHECK))],
    ),
    statistic: "Average",
};

const OF_DISTRIBUTION: &[(&str, Of)] =
    &[("DistributionId", Of::Parameter(DISTRIBUTION)), ("Region", Of::Text("Global"))];

/// A metric of the distribution. CloudFront has one statistic for each.
pub(super) const fn distribution(metric: &'static str, statistic: &'static str) -> Series {
    Series { source: Source::Aws("AWS/CloudFront", metric, OF_DISTRIBUTION), statistic }
}

pub(super) const REQUESTS: Series = distribution("Requests", "Sum");
/// Percent of all requests.
pub(super) const ERRORS: Series = distribution("5xxErrorRate", "Average");
/// Percent of the requests that can be stored. Like the next, one of the additional metrics of infra/edge.yaml.
pub(super) const HITS: Series = distribution("CacheHitRate", "Average");
/// Milliseconds.
pub(super) const ORIGIN: Series = distribution("OriginLatency", "p95");

/// The requests that a rule of the firewall blocked; its name in metrics is that in infra/edge-global.yaml.
const fn blocked(rule: &'static [(&'static str, Of)]) -> Series {
    Series { source: Source::Aws("AWS/WAFV2", "BlockedRequests", rule), statistic: "Sum" }
}

/// Metrics of a web ACL for CloudFront have no dimension for the region.
const fn rule(name: &'static str) -> [(&'static str, Of); 2] {
    [("WebACL", Of::Sub("pokedex-${Environment}-edge")), ("Rule", Of::Text(name))]
}

const ALL: &[(&str, Of)] = &rule("ALL");
const SIGN_INS: &[(&str, Of)] = &rule("sign-in-limit");
const LIMIT: &[(&str, Of)] = &rule("limit");
const COMMON: &[(&str, Of)] = &rule("common");
const BAD_INPUTS: &[(&str, Of)] = &rule("known-bad-inputs");

pub(super) const BLOCKED: Series = blocked(ALL);
pub(super) const BLOCKED_SIGN_INS: Series = blocked(SIGN_INS);
pub(super) const BLOCKED_BY_LIMIT: Series = blocked(LIMIT);
/// Each rule of the firewall.
pub(super) const BLOCKED_BY_RULE: [Series; 4] =
    [BLOCKED_SIGN_INS, BLOCKED_BY_LIMIT, blocked(COMMON), blocked(BAD_INPUTS)];
