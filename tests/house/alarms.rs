//! The alarms, evaluated as CloudWatch does: from their text in `infra/watch.yaml`, over periods in which they must fire and must not.

use std::collections::{BTreeMap, BTreeSet};

use infra::watch::{ALARMS, PAGES, QUERIES};
use serde_json::{Value, json};
use tests::{
    metric_math::{Period, value},
    read, root, template,
};

const TEMPLATE: &str = "infra/watch.yaml";

fn resources() -> BTreeMap<String, Value> {
    let resources = template(TEMPLATE)["Resources"].clone();
    resources.as_object().expect("resources").clone().into_iter().collect()
}

fn of_type(kind: &str) -> BTreeMap<String, Value> {
    let of_type = resources().into_iter().filter(|(_, resource)| resource["Type"] == kind);
    of_type.map(|(id, resource)| (id, resource["Properties"].clone())).collect()
}

fn alarms() -> BTreeMap<String, Value> {
    of_type("AWS::CloudWatch::Alarm")
}

/// Whether the alarm is in the state ALARM after `periods`, the latest last.
fn fires(alarm: &Value, periods: &[Period]) -> bool {
    assert_eq!(alarm["ComparisonOperator"], "GreaterThanThreshold");
    let number = |name: &str| alarm[name].as_f64().unwrap_or_else(|| panic!("{name} of {alarm}"));
    let expression = match alarm["Metrics"].as_array() {
        Some(metrics) => {
            let returned: Vec<_> = metrics.iter().filter(|metric| metric["ReturnData"] == true).collect();
            assert_eq!(returned.len(), 1, "{alarm}");
            match &returned[0]["Expression"] {
                Value::String(expression) => expression.clone(),
                other => other["Fn::Sub"].as_str().expect("a text").replace("${AccountConcurrency}", "1000"),
            }
        }
        None => "value".to_owned(),
    };
    let considered = number("EvaluationPeriods") as usize;
    let absent = Period::new();
    let latest = (0..considered).map(|back| {
        periods.len().checked_sub(back + 1).and_then(|place| periods.get(place)).unwrap_or(&absent)
    });
    // The value where the condition holds.
    let missing = &alarm["TreatMissingData"];
    let missing = missing["Fn::If"].get(1).unwrap_or(missing);
    let is_breaching = |period: &Period| match value(&expression, period) {
        Some(value) => value > number("Threshold"),
        None => missing == "breaching",
    };
    latest.filter(|period| is_breaching(period)).count() as f64 >= number("DatapointsToAlarm")
}

type Series<'a> = &'a [&'a [(&'a str, f64)]];

/// For each alarm, series of periods in which it fires, and in which it does not.
const CASES: &[(&str, &[Series<'_>], &[Series<'_>])] = &[
    (
        "ErrorShare",
        &[
            &[&[("requests", 100.0), ("errors", 6.0)], &[("requests", 21.0), ("errors", 2.0)]],
            // The latest period has no data yet.
            &[&[("requests", 100.0), ("errors", 6.0)], &[("requests", 100.0), ("errors", 6.0)], &[]],
        ],
        &[
            &[&[("requests", 100.0), ("errors", 100.0)]],
            &[&[("requests", 100.0), ("errors", 5.0)], &[("requests", 100.0), ("errors", 6.0)]],
            &[&[("requests", 20.0), ("errors", 20.0)], &[("requests", 20.0), ("errors", 20.0)]],
            &[&[("requests", 100.0)], &[("requests", 100.0)]],
        ],
    ),
    ("ServerErrors", &[&[&[("value", 31.0)]]], &[&[&[("value", 30.0)]], &[&[]]]),
    ("DependencyDown", &[&[&[("value", 5.0)]]], &[&[&[("value", 4.0)]], &[&[]]]),
    (
        "DatabaseErrors",
        &[&[&[("reads", 5.0)]], &[&[("reads", 2.0), ("queries", 2.0), ("writes", 1.0)], &[]]],
        &[&[&[("reads", 2.0), ("writes", 2.0)]], &[&[]]],
    ),
    (
        "Latency",
        &[&[&[("requests", 21.0), ("latency", 501.0)]]],
        &[
            &[&[("requests", 20.0), ("latency", 9000.0)]],
            &[&[("requests", 1000.0), ("latency", 500.0)]],
            &[&[]],
        ],
    ),
    (
        "LatencyLasts",
        &[&[
            &[("requests", 50.0), ("latency", 600.0)],
            &[("requests", 50.0), ("latency", 600.0)],
            &[("requests", 50.0), ("latency", 501.0)],
        ]],
        &[
            &[&[("requests", 50.0), ("latency", 600.0)], &[("requests", 50.0), ("latency", 600.0)]],
            &[
                &[("requests", 50.0), ("latency", 600.0)],
                &[("requests", 50.0), ("latency", 40.0)],
                &[("requests", 50.0), ("latency", 600.0)],
            ],
        ],
    ),
    (
        "ProbeFails",
        &[
            &[],
            &[&[("value", 1.0)], &[("value", 0.0)], &[("value", 1.0)], &[("value", 0.0)], &[("value", 1.0)]],
            // A run that dies reports nothing.
            &[&[("value", 0.0)], &[("value", 0.0)], &[("value", 1.0)], &[], &[]],
        ],
        &[
            &[&[("value", 1.0)], &[("value", 1.0)], &[("value", 0.0)], &[("value", 0.0)], &[("value", 0.0)]],
            &[&[("value", 0.0)], &[("value", 0.0)], &[("value", 0.0)], &[("value", 1.0)], &[]],
        ],
    ),
    ("Crashes", &[&[&[("value", 1.0)]]], &[&[&[("value", 0.0)]], &[&[]]]),
    ("Panics", &[&[&[("value", 1.0)]]], &[&[&[("value", 0.0)]], &[&[]]]),
    ("Throttles", &[&[&[("value", 1.0)]]], &[&[&[("value", 0.0)]], &[&[]]]),
    ("Concurrency", &[&[&[("claimed", 701.0)]]], &[&[&[("claimed", 700.0)]], &[&[]]]),
    ("SyncFails", &[&[&[("value", 3.0)]]], &[&[&[("value", 2.0)]], &[&[]]]),
    (
        "SyncSkips",
        &[&[&[("fetched", 80.0), ("failed", 10.0)]]],
        &[
            &[&[("fetched", 90.0), ("failed", 10.0)]],
            &[&[("fetched", 0.0), ("failed", 50.0)]],
            &[&[("fetched", 0.0), ("failed", 0.0)]],
            &[&[]],
        ],
    ),
    (
        "SyncIsOld",
        &[
            &[],
            &[
                &[("value", 129_601.0)],
                &[("value", 133_000.0)],
                &[("value", 137_000.0)],
                &[("value", 140_000.0)],
            ],
        ],
        &[
            &[
                &[("value", 129_600.0)],
                &[("value", 140_000.0)],
                &[("value", 140_000.0)],
                &[("value", 140_000.0)],
            ],
            &[&[], &[], &[], &[("value", 60.0)]],
        ],
    ),
    (
        "JobsFail",
        &[&[&[("value", 1.0)], &[("value", 1.0)]]],
        &[&[&[("value", 3.0)]], &[&[("value", 1.0)], &[("value", 0.0)]], &[&[]]],
    ),
    ("SchedulesFail", &[&[&[("value", 1.0)]]], &[&[&[("value", 0.0)]], &[&[]]]),
    ("EdgeIsStale", &[&[&[("value", 2.0)]]], &[&[&[("value", 1.0)]], &[&[]]]),
    ("AssetsFail", &[&[&[("value", 21.0)]]], &[&[&[("value", 20.0)]], &[&[]]]),
    ("TokensReplayed", &[&[&[("value", 6.0)]]], &[&[&[("value", 5.0)]], &[&[]]]),
    ("ClientsLimited", &[&[&[("value", 1_001.0)]]], &[&[&[("value", 1_000.0)]], &[&[]]]),
    (
        "ReplicationLag",
        &[&[&[("value", 10_001.0)], &[("value", 12_000.0)], &[("value", 11_000.0)]]],
        &[&[&[("value", 20_000.0)], &[("value", 9_000.0)], &[("value", 20_000.0)]], &[&[]]],
    ),
];

fn periods(series: Series<'_>) -> Vec<Period> {
    series
        .iter()
        .map(|period| period.iter().map(|(id, value)| ((*id).to_owned(), *value)).collect())
        .collect()
}

#[test]
fn every_alarm_fires_when_it_must_and_only_then() {
    let alarms = alarms();
    let tested: BTreeSet<&str> = CASES.iter().map(|(id, ..)| *id).collect();
    assert_eq!(tested, alarms.keys().map(String::as_str).collect::<BTreeSet<_>>(), "each alarm has cases");
    for (id, firing, quiet) in CASES {
        assert!(!firing.is_empty() && !quiet.is_empty(), "{id}");
        for (series, expected) in
            firing.iter().map(|series| (series, true)).chain(quiet.iter().map(|series| (series, false)))
        {
            assert_eq!(fires(&alarms[*id], &periods(series)), expected, "{id}: {series:?}");
        }
    }
}

/// A metric that is summed over a period is a count of ours, or one of a service; a wrong name would never fire.
#[test]
fn every_own_metric_of_an_alarm_is_one_that_the_functions_publish() {
    let known: BTreeSet<&str> = api::metrics::all().iter().map(|metric| metric.name).collect();
    let mut own = 0;
    for (id, alarm) in alarms() {
        let single = vec![json!({"MetricStat": {"Metric": alarm}})];
        let metrics = alarm["Metrics"].as_array().unwrap_or(&single);
        for metric in metrics.iter().map(|metric| &metric["MetricStat"]["Metric"]) {
            if metric["Namespace"] == door::telemetry::NAMESPACE {
                own += 1;
                assert!(known.contains(metric["MetricName"].as_str().unwrap_or_default()), "{id}: {metric}");
                assert_eq!(
                    metric["Dimensions"],
                    json!([{"Name": "env", "Value": {"Ref": "Environment"}}]),
                    "{id}"
                );
            }
        }
    }
    assert!(own >= 12, "only {own}");
}

#[test]
fn every_alarm_tells_its_topic_also_when_it_is_over() {
    let composite = of_type("AWS::CloudWatch::CompositeAlarm");
    let all = alarms();
    assert_eq!(all.len(), ALARMS.len());
    for (id, alarm) in all.iter().chain(&composite) {
        let topic = if composite.contains_key(id) { "Critical" } else { "Warnings" };
        assert_eq!(alarm["AlarmActions"], json!([{"Ref": topic}]), "{id}");
        assert_eq!(alarm["OKActions"], alarm["AlarmActions"], "{id}");
    }
    let known: BTreeSet<&str> = ALARMS.iter().map(|alarm| alarm.id).collect();
    for page in PAGES {
        assert!(page.any.iter().all(|id| known.contains(id)), "{}: {:?}", page.id, page.any);
        let rule: Vec<_> = page.any.iter().map(|id| format!("ALARM(\"${{{id}}}\")")).collect();
        assert_eq!(composite[page.id]["AlarmRule"], json!({"Fn::Sub": rule.join(" OR ")}));
    }
}

#[test]
fn each_topic_accepts_the_alarms_and_refuses_plain_connections() {
    let topics = of_type("AWS::SNS::Topic");
    assert_eq!(topics.keys().collect::<Vec<_>>(), ["Critical", "Warnings"]);
    for (id, topic) in topics {
        // CloudWatch may not use the key that AWS manages for SNS.
        assert!(topic["KmsMasterKeyId"].is_null(), "{id}");
        let policy = of_type("AWS::SNS::TopicPolicy").remove(&format!("{id}Policy")).expect("a policy");
        let statements = policy["PolicyDocument"]["Statement"].as_array().expect("statements").clone();
        assert_eq!(statements[0]["Principal"], json!({"Service": "cloudwatch.amazonaws.com"}), "{id}");
        assert_eq!(
            (&statements[1]["Effect"], &statements[1]["Principal"]),
            (&json!("Deny"), &json!("*")),
            "{id}"
        );
    }
    let pager = &of_type("AWS::SNS::Subscription")["Pager"];
    assert_eq!((&pager["Protocol"], &pager["TopicArn"]), (&json!("https"), &json!({"Ref": "Critical"})));
}

#[test]
fn every_own_metric_is_in_the_dashboard_of_operation() {
    let dashboards = of_type("AWS::CloudWatch::Dashboard");
    let body = |id: &str| -> Value {
        let text = dashboards[id]["DashboardBody"]["Fn::Sub"].as_str().expect("a text").to_owned();
        serde_json::from_str(&text).expect("JSON")
    };
    let operation = body("OperationsDashboard");
    let widgets = operation["widgets"].as_array().expect("widgets");
    let lines = widgets.iter().filter_map(|widget| widget["properties"]["metrics"].as_array()).flatten();
    let own = lines.filter(|line| line[0] == door::telemetry::NAMESPACE);
    let shown: BTreeSet<&str> = own.filter_map(|line| line[1].as_str()).collect();
    let known = api::metrics::all();
    assert_eq!(shown, known.iter().map(|metric| metric.name).collect::<BTreeSet<_>>());
    let expected: Vec<_> =
        ALARMS.iter().filter(|alarm| alarm.condition.is_none()).map(infra::watch::Alarm::name).collect();
    let listed = operation["widgets"][0]["properties"]["alarms"].as_array().expect("alarms").clone();
    let names = listed.iter().map(|arn| {
        arn.as_str().and_then(|arn| arn.rsplit_once("${Environment}-")).map(|(_, name)| name.to_owned())
    });
    assert_eq!(names.collect::<Option<Vec<_>>>().expect("names"), expected);
    for id in dashboards.keys() {
        let mut places = BTreeSet::new();
        for widget in body(id)["widgets"].as_array().expect("widgets") {
            let place = ["x", "y"].map(|side| widget[side].as_u64().expect("a number"));
            assert!(places.insert(place), "{id}: two graphs at {place:?}");
            assert!(
                widget["x"].as_u64().expect("x") + widget["width"].as_u64().expect("a width") <= 24,
                "{id}"
            );
        }
    }
}

/// The headings of a runbook that belongs to an alarm.
const HEADINGS: [&str; 3] = ["## The first five minutes", "## Known causes and their cure", "## It is over"];

#[test]
fn the_runbook_of_an_alarm_names_it_and_says_when_it_is_over() {
    let named = ALARMS.iter().map(|alarm| (alarm.name(), alarm.runbook));
    let pages = PAGES.iter().map(|page| (page.name(), page.runbook));
    for (name, runbook) in named.chain(pages) {
        let text = read(&format!("docs/runbooks/{runbook}.md"));
        let named = text.lines().find(|line| line.starts_with("Alarm")).unwrap_or_default();
        assert!(named.contains(&format!("`{name}`")), "docs/runbooks/{runbook}.md does not name {name}");
        for heading in HEADINGS {
            assert!(text.contains(heading), "docs/runbooks/{runbook}.md has no {heading:?}");
        }
    }
}

/// Runbooks name queries as `pokedex-ENV/NAME`.
#[test]
fn runbooks_name_queries_that_exist_and_every_query_is_named() {
    let known: BTreeSet<&str> = QUERIES.iter().map(|query| query.name).collect();
    let mut named = BTreeSet::new();
    for file in std::fs::read_dir(root().join("docs/runbooks")).expect("a folder") {
        let file = file.expect("a file").path();
        let text = std::fs::read_to_string(&file).expect("a text");
        for rest in text.split("`pokedex-ENV/").skip(1) {
            let name = rest.split('`').next().unwrap_or_default().to_owned();
            assert!(known.contains(name.as_str()), "{}: there is no query {name}", file.display());
            named.insert(name);
        }
    }
    assert_eq!(named.iter().map(String::as_str).collect::<BTreeSet<_>>(), known);
    let queries = of_type("AWS::Logs::QueryDefinition");
    assert_eq!(queries.len(), QUERIES.len());
    for (id, query) in queries {
        let groups = query["LogGroupNames"].as_array().expect("groups");
        assert!((1..=50).contains(&groups.len()), "{id} reads {} log groups", groups.len());
    }
}
