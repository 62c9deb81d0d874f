//! `infra/watch.yaml`: the alarms of a stable environment with their topics, its dashboards, and its saved queries. Everything in it
//! follows from tables: the alarms ([`alarms`]), the metrics (`api::metrics`), the queries ([`queries`]), and the functions.

mod alarm;
mod alarms;
mod dashboards;
mod guide;
mod queries;

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use alarm::Topic;
pub use alarm::{Alarm, Missing, Of, Series, Signal, Source};
pub use alarms::{ALARMS, PAGES, Page};
pub use queries::{QUERIES, Query};

use crate::{
    function::{Function, Trigger},
    generated::Generated,
    stack::{API_ID, MAIN},
    tags::tags,
    template::document,
};

const TEMPLATE: &str = "infra/watch.yaml";

pub(crate) fn generate(root: &Path, functions: &[Function]) -> Result<Vec<Generated>> {
    let text = document(
        "Pokédex, the alarms, dashboards and saved queries of a stable environment.",
        &[("Parameters", parameters()), ("Conditions", conditions()), ("Resources", resources(functions))],
    )?;
    Ok(vec![Generated::new(TEMPLATE, text), guide::generate(root)?])
}

fn parameters() -> Vec<(String, Value)> {
    let table = "^[a-zA-Z0-9_.-]{3,255}$";
    let parameters = [
        (
            "Environment",
            json!({"Type": "String", "AllowedPattern": "^(staging|prod)$", "Description": "Other environments publish no metrics."}),
        ),
        ("CatalogTableName", json!({"Type": "String", "AllowedPattern": table})),
        ("AppTableName", json!({"Type": "String", "AllowedPattern": table})),
        (
            API_ID,
            json!({"Type": "String", "Description": "The HTTP API of template.yaml, an output of its stack."}),
        ),
        ("DistributionId", json!({"Type": "String", "Description": "An output of infra/edge.yaml."})),
        (
            "AccountConcurrency",
            json!({"Type": "Number", "Default": 1000, "Description": "The account's limit of concurrent executions (aws lambda get-account-settings)."}),
        ),
        (
            "PagerUrl",
            json!({
                "Type": "String", "Default": "", "AllowedPattern": "^(https://.+)?$", "NoEcho": true,
                "Description": "The address of an on-call service, such as an integration of PagerDuty for CloudWatch, which critical alarms call.",
            }),
        ),
        (
            "AlarmEmail",
            json!({"Type": "String", "Default": "", "Description": "An address that receives all alarms; it has to confirm the subscription."}),
        ),
        (
            "ProbeSchedule",
            json!({
                "Type": "String", "AllowedValues": ["DISABLED", "ENABLED"], "Default": "DISABLED",
                "Description": "The state of the schedule of the probe, whose silence is a fault while it is enabled.",
            }),
        ),
        (
            "ReplicaRegion",
            json!({"Type": "String", "Default": "", "Description": "The region of a replica of the tables."}),
        ),
    ];
    named(parameters)
}

fn conditions() -> Vec<(String, Value)> {
    let is_set = |parameter: &str| json!({"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]});
    named([
        ("HasPager", is_set("PagerUrl")),
        ("HasEmail", is_set("AlarmEmail")),
        ("HasReplica", is_set("ReplicaRegion")),
        ("HasProbe", json!({"Fn::Equals": [{"Ref": "ProbeSchedule"}, "ENABLED"]})),
    ])
}

fn named<const N: usize>(entries: [(&str, Value); N]) -> Vec<(String, Value)> {
    entries.map(|(name, value)| (name.to_owned(), value)).into()
}

fn resources(functions: &[Function]) -> Vec<(String, Value)> {
    let mut resources: Vec<_> = Topic::ALL.into_iter().flat_map(of_topic).collect();
    let pager = json!({"Protocol": "https", "Endpoint": {"Ref": "PagerUrl"}});
    resources.push(("Pager".to_owned(), subscription(Topic::Critical, pager, "HasPager")));
    for topic in Topic::ALL {
        let email = json!({"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}});
        resources.push((format!("{}Email", topic.id()), subscription(topic, email, "HasEmail")));
    }
    resources.extend(ALARMS.iter().map(|alarm| (alarm.id.to_owned(), alarm.resource())));
    resources.extend(PAGES.iter().map(|page| (page.id.to_owned(), page.resource())));
    let of_routes = functions
        .iter()
        .filter(|function| function.stack == MAIN.name && matches!(function.trigger, Trigger::Request(_)));
    let of_routes: Vec<String> = of_routes.map(|function| function.name.to_owned()).collect();
    resources.extend(dashboards::resources(&of_routes));
    resources.extend(QUERIES.iter().map(|query| (query_id(query), query.resource(functions))));
    resources
}

fn query_id(query: &Query) -> String {
    let words = query.name.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_uppercase())
    });
    format!("{}Query", words.collect::<String>())
}

/// A topic and its policy. It is not encrypted with a key: alarms cannot publish to a topic with the key of AWS, and a message names a
/// metric.
fn of_topic(topic: Topic) -> [(String, Value); 2] {
    let id = topic.id();
    let resource = json!({
        "Type": "AWS::SNS::Topic",
        "Properties": {
            "TopicName": {"Fn::Sub": format!("pokedex-${{Environment}}-{}", alarm::kebab(id))},
            "Tags": tags(),
        },
    });
    let statement = |sid: &str, effect: &str, principal: Value, condition: Value| {
        json!({
            "Sid": sid, "Effect": effect, "Principal": principal, "Action": "sns:Publish", "Resource": {"Ref": id}, "Condition": condition,
        })
    };
    let own = json!({"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}});
    let plain = json!({"Bool": {"aws:SecureTransport": "false"}});
    let policy = json!({
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {
            "Topics": [{"Ref": id}],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    statement("Alarms", "Allow", json!({"Service": "cloudwatch.amazonaws.com"}), own),
                    statement("Encrypted", "Deny", json!("*"), plain),
                ],
            },
        },
    });
    [(id.to_owned(), resource), (format!("{id}Policy"), policy)]
}

fn subscription(topic: Topic, mut properties: Value, condition: &str) -> Value {
    properties["TopicArn"] = json!({"Ref": topic.id()});
    json!({"Type": "AWS::SNS::Subscription", "Condition": condition, "Properties": properties})
}

impl Page {
    /// The name after `pokedex-ENV-`.
    #[must_use]
    pub fn name(&self) -> String {
        alarm::kebab(self.id)
    }

    fn resource(&self) -> Value {
        let rule: Vec<_> = self.any.iter().map(|id| format!("ALARM(\"${{{id}}}\")")).collect();
        let mut properties = json!({
            "AlarmName": {"Fn::Sub": format!("pokedex-${{Environment}}-{}", self.name())},
            "AlarmDescription": format!("{}: docs/runbooks/{}.md", self.symptom, self.runbook),
            "AlarmRule": {"Fn::Sub": rule.join(" OR ")},
            "Tags": tags(),
        });
        alarm::merge(&mut properties, Topic::Critical.actions());
        json!({"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": properties})
    }
}
