//! The alarms, evaluated as CloudWatch does: from their text in the templates, over periods in which they must fire and must not.

mod cases;

use std::collections::{BTreeMap, BTreeSet};

use infra::watch::{ALARMS, PAGES, Place, QUERIES};
use serde_json::{Value, json};
use tests::{
    alarm_rule::{self, State, States},
    metric_math::{Period, value},
    read, root, template,
};

use cases::{CASES, MEMBERS, Missing, Series};

/// The templates of alarms.
pub(super) const fn file(place: Place) -> &'static str {
    match place {
        Place::Home => "infra/watch.yaml",
        Place::Global => "infra/watch-global.yaml",
    }
}

/// The properties of the resources of a type in a template, by id.
pub(super) fn of_type(place: Place, kind: &str) -> BTreeMap<String, Value> {
    let resources = template(file(place))["Resources"].clone();
    let resources = resources.as_object().expect("resources").clone().into_iter();
    let of_type = resources.filter(|(_, resource)| resource["Type"] == kind);
    of_type.map(|(id, resource)| (id, resource["Properties"].clone())).collect()
}

pub(super) fn alarms_of(place: Place) -> BTreeMap<String, Value> {
    of_type(place, "AWS::CloudWatch::Alarm")
}

fn alarms() -> BTreeMap<String, Value> {
    Place::ALL.into_iter().flat_map(alarms_of).collect()
}

/// Whether the alarm is in the state ALARM after `periods`, the latest last. `holds` says whether the condition of its template holds.
fn fires(alarm: &Value, holds: bool, periods: &[Period]) -> bool {
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
    let missing = &alarm["TreatMissingData"];
    let branch: usize = if holds { 1 } else { 2 };
    let missing = missing["Fn::If"].get(branch).unwrap_or(missing);
    let is_breaching = |period: &Period| match value(&expression, period) {
        Some(value) => value > number("Threshold"),
        None => missing == "breaching",
    };
    latest.filter(|period| is_breaching(period)).count() as f64 >= number("DatapointsToAlarm")
}

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
    for (id, _, firing, quiet) in CASES {
        assert!(!firing.is_empty() && !quiet.is_empty(), "{id}");
        for (series, expected) in
            firing.iter().map(|series| (series, true)).chain(quiet.iter().map(|series| (series, false)))
        {
            assert_eq!(fires(&alarms[*id], true, &periods(series)), expected, "{id}: {series:?}");
        }
    }
}

/// A silent source is a failure only where data arrives without requests.
#[test]
fn an_alarm_without_any_data_fires_only_where_data_must_arrive() {
    let alarms = alarms();
    for (id, missing, ..) in CASES {
        let alarm = &alarms[*id];
        let (expected, branches) = match *missing {
            Missing::Always(value) => (json!(value), [value, value]),
            Missing::If(condition, yes, no) => (json!({"Fn::If": [condition, yes, no]}), [yes, no]),
        };
        assert_eq!(alarm["TreatMissingData"], expected, "{id}");
        for (holds, treatment) in [true, false].into_iter().zip(branches) {
            assert_eq!(fires(alarm, holds, &[]), treatment == "breaching", "{id}: {holds}, {treatment}");
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
    assert_eq!(alarms().len(), ALARMS.len());
    for place in Place::ALL {
        let (all, composite) = (alarms_of(place), of_type(place, "AWS::CloudWatch::CompositeAlarm"));
        let here: BTreeSet<&str> =
            ALARMS.iter().filter(|alarm| alarm.place == place).map(|alarm| alarm.id).collect();
        assert_eq!(all.keys().map(String::as_str).collect::<BTreeSet<_>>(), here, "{place:?}");
        for (id, alarm) in all.iter().chain(&composite) {
            let topic = if composite.contains_key(id) { "Critical" } else { "Warnings" };
            assert_eq!(alarm["AlarmActions"], json!([{"Ref": topic}]), "{id}");
            assert_eq!(alarm["OKActions"], alarm["AlarmActions"], "{id}");
        }
        let pages: Vec<_> = PAGES.iter().filter(|page| page.place == place).collect();
        assert_eq!(composite.len(), pages.len(), "{place:?}");
        for page in pages {
            // A composite alarm reads alarms of its own region alone.
            assert!(page.any.iter().all(|id| here.contains(id)), "{}: {:?}", page.id, page.any);
            let rule: Vec<_> = page.any.iter().map(|id| format!("ALARM(\"${{{id}}}\")")).collect();
            assert_eq!(composite[page.id]["AlarmRule"], json!({"Fn::Sub": rule.join(" OR ")}));
        }
    }
}

/// The text of a property in which `values` replace the references.
fn resolved(property: &Value, values: &BTreeMap<String, String>) -> String {
    let mut text = property["Fn::Sub"].as_str().unwrap_or_else(|| panic!("{property}")).to_owned();
    for (id, value) in values {
        text = text.replace(&format!("${{{id}}}"), value);
    }
    assert!(!text.contains('$'), "{text} has a reference to something else");
    text
}

/// Other alarms warn; they do not page.
#[test]
fn every_page_fires_exactly_with_one_of_its_alarms() {
    let environment: BTreeMap<_, _> = [("Environment".to_owned(), "prod".to_owned())].into();
    let mut tested = BTreeSet::new();
    for place in Place::ALL {
        let mut names = BTreeMap::new();
        for (id, alarm) in alarms_of(place) {
            names.insert(id, resolved(&alarm["AlarmName"], &environment));
        }
        let all = |state: State| -> States { names.values().map(|name| (name.clone(), state)).collect() };
        for (page, properties) in of_type(place, "AWS::CloudWatch::CompositeAlarm") {
            let rule = resolved(&properties["AlarmRule"], &names);
            let (_, members) = MEMBERS.iter().find(|(id, _)| *id == page).expect("members");
            let expected: BTreeSet<String> = members.iter().map(|id| names[*id].clone()).collect();
            assert_eq!(alarm_rule::names(&rule), expected, "{page}");
            for quiet in [State::Ok, State::InsufficientData] {
                assert!(!alarm_rule::fires(&rule, &all(quiet)), "{page}: all are {quiet:?}");
                for (id, name) in &names {
                    let mut states = all(quiet);
                    states.insert(name.clone(), State::Alarm);
                    let is_member = members.contains(&id.as_str());
                    assert_eq!(
                        alarm_rule::fires(&rule, &states),
                        is_member,
                        "{page}: {id}, others {quiet:?}"
                    );
                }
            }
            tested.insert(page);
        }
    }
    assert_eq!(tested.len(), MEMBERS.len(), "{tested:?}");
}

#[test]
fn each_topic_accepts_the_alarms_and_refuses_plain_connections() {
    for (place, part) in [(Place::Home, ""), (Place::Global, "global-")] {
        let topics = of_type(place, "AWS::SNS::Topic");
        assert_eq!(topics.keys().collect::<Vec<_>>(), ["Critical", "Warnings"]);
        for (id, topic) in topics {
            // An environment in us-east-1 would have both pairs there.
            let name = format!("pokedex-${{Environment}}-{part}{}", id.to_lowercase());
            assert_eq!(topic["TopicName"], json!({"Fn::Sub": name}));
            // CloudWatch may not use the key that AWS manages for SNS.
            assert!(topic["KmsMasterKeyId"].is_null(), "{id}");
            let policy =
                of_type(place, "AWS::SNS::TopicPolicy").remove(&format!("{id}Policy")).expect("a policy");
            let statements = policy["PolicyDocument"]["Statement"].as_array().expect("statements").clone();
            assert_eq!(statements[0]["Principal"], json!({"Service": "cloudwatch.amazonaws.com"}), "{id}");
            assert_eq!(
                (&statements[1]["Effect"], &statements[1]["Principal"]),
                (&json!("Deny"), &json!("*")),
                "{id}"
            );
        }
        let pager = &of_type(place, "AWS::SNS::Subscription")["Pager"];
        assert_eq!(
            (&pager["Protocol"], &pager["TopicArn"]),
            (&json!("https"), &json!({"Ref": "Critical"})),
            "{place:?}"
        );
    }
}

#[test]
fn every_own_metric_is_in_the_dashboard_of_operation() {
    let dashboards = of_type(Place::Home, "AWS::CloudWatch::Dashboard");
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
    for (place, nth, region) in [(Place::Home, 0, "${AWS::Region}"), (Place::Global, 1, "us-east-1")] {
        let here = ALARMS.iter().filter(|alarm| alarm.place == place && alarm.condition.is_none());
        let arn = format!(
            "arn:${{AWS::Partition}}:cloudwatch:{region}:${{AWS::AccountId}}:alarm:pokedex-${{Environment}}-"
        );
        let expected: Vec<_> = here.map(|alarm| json!(format!("{arn}{}", alarm.name()))).collect();
        assert_eq!(widgets[nth]["properties"]["alarms"], json!(expected));
    }
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
    let queries = of_type(Place::Home, "AWS::Logs::QueryDefinition");
    assert_eq!(queries.len(), QUERIES.len());
    for (id, query) in queries {
        let groups = query["LogGroupNames"].as_array().expect("groups");
        assert!((1..=50).contains(&groups.len()), "{id} reads {} log groups", groups.len());
    }
}
