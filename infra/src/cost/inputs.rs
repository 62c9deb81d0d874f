//! The inputs of the model.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use api::jobs::{Job, PROBE};
use door::route::{Caching, Need, Spec};
use serde::Deserialize;
use serde_json::Value;
use serde_yaml_ng::Value as Yaml;

use crate::{
    function::{Function, Trigger},
    generated::Generated,
    watch::CHECKED,
};

/// Dollars.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    pub date: String,
    pub source: String,
    pub lambda_million_requests: f64,
    pub lambda_gb_second_arm64: f64,
    pub http_api_million_requests: f64,
    pub dynamodb_million_read_units: f64,
    pub dynamodb_million_write_units: f64,
    pub dynamodb_gb_month: f64,
    pub dynamodb_recovery_gb_month: f64,
    /// Of an export to S3.
    pub dynamodb_export_gb: f64,
    pub backup_gb_month: f64,
    pub cloudfront_million_requests: f64,
    pub cloudfront_million_function_runs: f64,
    pub cloudfront_gb: f64,
    pub waf_acl_month: f64,
    pub waf_rule_month: f64,
    pub waf_million_requests: f64,
    pub logs_gb: f64,
    pub logs_gb_month: f64,
    pub metric_month: f64,
    pub alarm_metric_month: f64,
    pub composite_alarm_month: f64,
    pub dashboard_month: f64,
    /// Of the eight additional metrics of a distribution.
    pub distribution_metrics_month: f64,
    /// Of a health check of an endpoint in AWS, with TLS.
    pub health_check_month: f64,
    pub trace_million: f64,
    pub secret_month: f64,
    pub s3_gb_month: f64,
    pub scheduler_million_invocations: f64,
    pub hosted_zone_month: f64,
    pub container_design_month: f64,
}

/// The assumed traffic. Durations were not measured on AWS; they are of this order on one machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// The share of cacheable requests that the edge answers.
    pub edge_hits_percent: f64,
    /// Of the lines of one request, with those of the API and the edge.
    pub log_bytes: f64,
    /// Of a compressed response.
    pub response_bytes: f64,
    pub milliseconds: Milliseconds,
    /// The items of accounts and of the trail.
    pub accounts_gb: f64,
    /// Mirrored pictures and sounds, and the files of the web app.
    pub files_gb: f64,
    /// The checkers of a health check in each of its regions. AWS documents a request every two seconds from eight regions.
    pub health_checkers: f64,
    /// Percent of all requests, by route.
    pub shares: BTreeMap<String, f64>,
    /// The requests of one run of the probe, by route.
    pub probe: BTreeMap<String, f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Milliseconds {
    pub base: f64,
    pub database_call: f64,
    /// The hash of a password.
    pub password: f64,
}

/// A route as the model sees it.
#[derive(Clone, Debug)]
pub struct Route {
    pub name: &'static str,
    /// Percent of all requests; for the probe, the requests of one run.
    pub share: f64,
    pub is_cacheable: bool,
    pub read_units: f64,
    pub write_units: f64,
    pub memory_mb: f64,
    pub milliseconds: f64,
}

/// The inputs.
#[derive(Clone, Debug)]
pub struct Inputs {
    pub prices: Prices,
    pub traffic: Traffic,
    pub routes: Vec<Route>,
    /// The route that the check from outside requests.
    pub checked: Route,
    /// The routes that the probe uses.
    pub probed: Vec<Route>,
    /// The templates of all stacks.
    templates: Vec<Yaml>,
    /// The invocations of schedules in a month, without those of the probe.
    pub scheduled: f64,
    /// The runs of the probe in a month, which only stable environments have.
    pub probes: f64,
}

/// The templates of an environment that are not generated and have resources with a price.
const BY_HAND: [&str; 2] = ["infra/data.yaml", "infra/edge-global.yaml"];
/// The memory of a function, in MB, that has no other one.
const MEMORY: f64 = 512.0;
/// Minutes.
pub(super) const MONTH: f64 = 30.0 * 24.0 * 60.0;

#[derive(Deserialize)]
struct Budget {
    calls: f64,
    rcu: f64,
    wcu: f64,
}

impl Inputs {
    /// Reads the inputs; `generated` are the files that the other parts of the generator made.
    pub(crate) fn read(root: &Path, functions: &[Function], generated: &[Generated]) -> Result<Self> {
        let text = |path: &str| fs::read_to_string(root.join(path)).with_context(|| path.to_owned());
        let prices: Prices =
            serde_json::from_str(&text("infra/prices.json")?).context("infra/prices.json")?;
        let traffic: Traffic =
            serde_json::from_str(&text("infra/traffic.json")?).context("infra/traffic.json")?;
        let budgets: BTreeMap<String, Budget> = serde_json::from_str(&text("tests/budget.json")?)?;
        let total: f64 = traffic.shares.values().sum();
        ensure!((total - 100.0).abs() < 1e-6, "the shares of infra/traffic.json are {total} % together");
        let route = |name: &str, share: f64| -> Result<Route> {
            let function = functions.iter().find(|function| function.name == name);
            let Some(Function { name, trigger: Trigger::Request(spec), memory, .. }) = function else {
                anyhow::bail!("{name} is not a route")
            };
            let budget = budgets.get(*name).with_context(|| format!("{name} has no budget"))?;
            Ok(Route {
                name,
                share,
                is_cacheable: spec.caching == Caching::Shared,
                read_units: budget.rcu,
                write_units: budget.wcu,
                memory_mb: memory.map_or(MEMORY, f64::from),
                milliseconds: milliseconds(&traffic.milliseconds, spec, budget.calls),
            })
        };
        let routes = traffic.shares.iter().map(|(name, share)| route(name, *share));
        let routes = routes.collect::<Result<Vec<_>>>()?;
        let checked = route(CHECKED, 0.0)?;
        let probed = traffic.probe.iter().map(|(name, share)| route(name, *share)).collect::<Result<_>>()?;
        // The generated ones may not be written yet.
        let mut templates = Vec::new();
        for template in generated.iter().filter(|file| file.path.ends_with(".yaml")) {
            templates.push(serde_yaml_ng::from_str(&template.text).with_context(|| template.path.clone())?);
        }
        for path in BY_HAND {
            templates.push(serde_yaml_ng::from_str(&text(path)?).context(path)?);
        }
        let scheduled = runs(functions, |job| job.name != PROBE.name);
        let probes = runs(functions, |job| job.name == PROBE.name);
        Ok(Self { prices, traffic, routes, checked, probed, templates, scheduled, probes })
    }

    /// The resources of a type in all templates, as JSON.
    pub(super) fn resources(&self, kind: &str) -> Vec<Value> {
        let all = self.templates.iter().filter_map(|template| template.get("Resources")?.as_mapping());
        let of_kind = all
            .flat_map(|resources| resources.values())
            .filter(|resource| resource.get("Type").and_then(Yaml::as_str) == Some(kind));
        of_kind.map(plain).collect()
    }
}

/// The invocations in a month by the schedules of some jobs.
fn runs(functions: &[Function], is_counted: impl Fn(&Job) -> bool) -> f64 {
    let schedules = functions.iter().filter_map(|function| match function.trigger {
        Trigger::Job(job) if is_counted(job) => job.schedule.as_ref(),
        _ => None,
    });
    schedules.map(|schedule| MONTH / f64::from(schedule.minutes)).sum()
}

/// JSON without the tags of intrinsic functions.
fn plain(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Tagged(tagged) => plain(&tagged.value),
        Yaml::Mapping(fields) => {
            fields.iter().filter_map(|(key, value)| Some((key.as_str()?.to_owned(), plain(value)))).collect()
        }
        Yaml::Sequence(items) => items.iter().map(plain).collect(),
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}

fn milliseconds(of: &Milliseconds, spec: &Spec, calls: f64) -> f64 {
    let password = if spec.needs.contains(&Need::WholeProcessor) { of.password } else { 0.0 };
    of.base + calls * of.database_call + password
}
