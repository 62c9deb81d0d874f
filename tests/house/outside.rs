//! Observation of the edge in us-east-1: the check of the address from outside, the metrics of CloudFront and of the firewall, and their
//! graphs.

use std::collections::{BTreeMap, BTreeSet};

use api::routes::SPECS;
use deploy::{origin, settings::Settings, stacks};
use door::route::{Access, Caching};
use http::Method;
use infra::watch::Place;
use serde_json::{Value, json};
use tests::{root, template};

use super::alarms::{alarms_of, file, of_type};

/// The region in which AWS publishes these metrics.
const REGION: &str = "us-east-1";
const NAMESPACES: [&str; 3] = ["AWS/CloudFront", "AWS/Route53", "AWS/WAFV2"];
/// Settings that a deployment finds out itself.
const FOUND: [&str; 2] = [origin::HASHES, origin::VERSION];

/// The metrics that an alarm reads.
fn metrics(alarm: &Value) -> Vec<Value> {
    match alarm["Metrics"].as_array() {
        Some(metrics) => {
            let read = metrics.iter().filter(|metric| metric["MetricStat"].is_object());
            read.map(|metric| metric["MetricStat"]["Metric"].clone()).collect()
        }
        None => vec![alarm.clone()],
    }
}

/// The value of a dimension of a metric.
fn dimension(metric: &Value, name: &str) -> Value {
    let dimensions = metric["Dimensions"].as_array().expect("dimensions");
    let found = dimensions.iter().find(|dimension| dimension["Name"] == name);
    found.unwrap_or_else(|| panic!("{metric} has no {name}"))["Value"].clone()
}

/// The metrics of all alarms of the edge with this namespace.
fn of_edge(namespace: &str) -> Vec<Value> {
    let all = alarms_of(Place::Global).into_values().flat_map(|alarm| metrics(&alarm));
    all.filter(|metric| metric["Namespace"] == namespace).collect()
}

fn edge() -> Value {
    template("infra/edge.yaml")
}

/// An alarm in another region than its metric would never have data.
#[test]
fn an_alarm_is_in_the_region_of_its_metrics() {
    let (stacks, _) = stacks::read(&root()).expect("stacks");
    for place in Place::ALL {
        let stack = stacks.iter().find(|stack| stack.template == file(place)).expect("a stack");
        let is_global = place == Place::Global;
        assert_eq!(stack.region.as_deref(), is_global.then_some(REGION), "{}", stack.name);
        for (id, alarm) in alarms_of(place) {
            for metric in metrics(&alarm) {
                let is_of_edge = NAMESPACES.iter().any(|namespace| metric["Namespace"] == *namespace);
                assert_eq!(is_of_edge, is_global, "{id}: {metric}");
            }
        }
    }
    let used = NAMESPACES.map(|namespace| of_edge(namespace).len());
    assert!(used.iter().all(|number| *number > 0), "{used:?}");
}

/// Three regions, 30 seconds, three failures: nobody waits for a client to report an outage.
#[test]
fn the_check_from_outside_requests_the_public_address() {
    let resources = template(file(Place::Global))["Resources"].clone();
    let check = &resources["HealthCheck"];
    assert_eq!(check["Type"], "AWS::Route53::HealthCheck");
    assert_eq!(check["Condition"], Value::Null);
    let config = &check["Properties"]["HealthCheckConfig"];
    assert_eq!(
        (&config["Type"], &config["Port"], &config["EnableSNI"]),
        (&json!("HTTPS"), &json!(443), &json!(true))
    );
    assert_eq!((&config["RequestInterval"], &config["FailureThreshold"]), (&json!(30), &json!(3)));
    let regions: BTreeSet<&str> =
        config["Regions"].as_array().expect("regions").iter().filter_map(Value::as_str).collect();
    assert!(regions.len() >= 3, "{regions:?}");
    let path = &config["ResourcePath"];
    let spec = SPECS.iter().find(|spec| spec.method == Method::GET && *path == spec.path).expect("a route");
    assert_eq!(spec.access, Access::Public, "{path}");
    assert!(spec.limit.is_none(), "{path}");
    // A stored response would hide an API that fails.
    assert_ne!(spec.caching, Caching::Shared, "{path}");
    assert_eq!(config["FullyQualifiedDomainName"], json!({"Ref": "EdgeHost"}));
    let outputs = edge()["Outputs"].clone();
    let host =
        json!({"Fn::If": ["HasDomain", {"Ref": "DomainName"}, {"Fn::GetAtt": "Distribution.DomainName"}]});
    assert_eq!(outputs["EdgeHost"]["Value"], host);
    let url = &outputs["EdgeUrl"]["Value"]["Fn::If"];
    assert_eq!(url[1], json!({"Fn::Sub": "https://${DomainName}"}));
    assert_eq!(url[2], json!({"Fn::Sub": "https://${Distribution.DomainName}"}));
    let metrics = of_edge("AWS/Route53");
    assert_eq!(metrics.len(), 1);
    assert_eq!(metrics[0]["MetricName"], "HealthCheckStatus");
    assert_eq!(dimension(&metrics[0], "HealthCheckId"), json!({"Ref": "HealthCheck"}));
}

/// Additional metrics cost money, so dev has none; without them, two alarms would never have data.
#[test]
fn a_distribution_has_the_metrics_that_alarms_read() {
    let edge = edge();
    let additional = &edge["Resources"]["AdditionalMetrics"];
    assert_eq!(additional["Type"], "AWS::CloudFront::MonitoringSubscription");
    assert_eq!(
        additional["Properties"],
        json!({
            "DistributionId": {"Ref": "Distribution"},
            "MonitoringSubscription": {
                "RealtimeMetricsSubscriptionConfig": {"RealtimeMetricsSubscriptionStatus": "Enabled"},
            },
        })
    );
    assert_eq!(additional["Condition"], "IsStable");
    let is = |name: &str| json!({"Fn::Equals": [{"Ref": "Environment"}, name]});
    assert_eq!(edge["Conditions"]["IsStable"], json!({"Fn::Or": [is("staging"), is("prod")]}));
    let (stacks, _) = stacks::read(&root()).expect("stacks");
    let watched = stacks.iter().find(|stack| stack.template == file(Place::Global)).expect("a stack");
    assert_eq!(watched.environments, ["staging", "prod"], "where the metrics are");
    let metrics = of_edge("AWS/CloudFront");
    let names: BTreeSet<&str> = metrics.iter().filter_map(|metric| metric["MetricName"].as_str()).collect();
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        ["5xxErrorRate", "CacheHitRate", "OriginLatency", "Requests"]
    );
    for metric in &metrics {
        assert_eq!(dimension(metric, "DistributionId"), json!({"Ref": "DistributionId"}));
        assert_eq!(dimension(metric, "Region"), "Global");
    }
}

/// The firewall, and the names of its rules in metrics.
fn firewall() -> (Value, Vec<String>) {
    let firewall = template("infra/edge-global.yaml")["Resources"]["Firewall"]["Properties"].clone();
    let name = |of: &Value| {
        let visibility = &of["VisibilityConfig"];
        assert_eq!(visibility["CloudWatchMetricsEnabled"], true, "{visibility}");
        visibility["MetricName"].clone()
    };
    let rules = firewall["Rules"].as_array().expect("rules").iter();
    let rules = rules.map(|rule| name(rule).as_str().expect("a name").to_owned()).collect();
    (name(&firewall), rules)
}

#[test]
fn blocked_requests_are_counted_under_the_names_of_the_firewall() {
    let (name, rules) = firewall();
    let metrics = of_edge("AWS/WAFV2");
    assert_eq!(metrics.len(), 4);
    for metric in metrics {
        assert_eq!(metric["MetricName"], "BlockedRequests");
        assert_eq!(dimension(&metric, "WebACL"), name);
        let rule = dimension(&metric, "Rule");
        assert!(rule == "ALL" || rules.iter().any(|known| rule == **known), "{rule}");
        // The metrics of a firewall of CloudFront have no dimension for the region.
        assert_eq!(metric["Dimensions"].as_array().map(Vec::len), Some(2));
    }
}

#[test]
fn the_dashboard_shows_the_edge_from_outside() {
    let dashboards = of_type(Place::Home, "AWS::CloudWatch::Dashboard");
    let body = dashboards["OperationsDashboard"]["DashboardBody"]["Fn::Sub"].as_str().expect("a text");
    let body: Value = serde_json::from_str(body).expect("JSON");
    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    let mut rules = BTreeSet::new();
    for widget in body["widgets"].as_array().expect("widgets") {
        for line in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            let text = |nth: usize| line[nth].as_str().unwrap_or_default();
            if !NAMESPACES.contains(&text(0)) {
                continue;
            }
            assert_eq!(widget["properties"]["region"], REGION, "{line}");
            *shown.entry(text(1).to_owned()).or_default() += 1;
            if text(0) == "AWS/WAFV2" {
                rules.insert(text(5).to_owned());
            }
        }
    }
    for metric in [
        "Requests",
        "5xxErrorRate",
        "4xxErrorRate",
        "CacheHitRate",
        "OriginLatency",
        "BlockedRequests",
        "HealthCheckPercentageHealthy",
    ] {
        assert!(shown.contains_key(metric), "no graph shows {metric}");
    }
    assert_eq!(rules, firewall().1.into_iter().collect::<BTreeSet<_>>(), "blocked requests by rule");
}

/// A stack receives the outputs of the stacks before it, whatever their region.
#[test]
fn every_parameter_of_a_stack_is_a_setting_or_an_output_of_an_earlier_stack() {
    let (stacks, _) = stacks::read(&root()).expect("stacks");
    for environment in ["dev", "staging", "prod", "f-branch"] {
        let mut settings = Settings::read(&root(), environment).expect("settings");
        settings.parameters.extend(FOUND.map(|name| (name.to_owned(), String::new())));
        let mut outputs = BTreeMap::new();
        for stack in stacks::of(&stacks, &settings) {
            let template = template(&stack.template);
            let values = deploy::template::parameters(&template, &settings.parameters, &outputs);
            let values = values.unwrap_or_else(|error| panic!("{environment}, {}: {error}", stack.name));
            if stack.template == file(Place::Global) {
                for name in ["DistributionId", "EdgeHost"] {
                    assert!(outputs.contains_key(name) && values.contains_key(name), "{name}");
                }
            }
            let names = template["Outputs"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
            outputs.extend(names.map(|name| (name, String::new())));
        }
    }
}
