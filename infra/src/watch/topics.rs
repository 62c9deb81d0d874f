//! The topics of alarms, with their policies and subscriptions. Each region has a pair.

use serde_json::{Value, json};

use super::{
    alarm::{Place, Topic, kebab},
    parameters::{HAS_EMAIL, HAS_PAGER, email, pager},
};
use crate::tags::tags;

/// Returns the resources by logical id.
pub(super) fn resources(place: Place) -> Vec<(String, Value)> {
    let mut resources: Vec<_> = Topic::ALL.into_iter().flat_map(|topic| of(topic, place)).collect();
    resources.push(("Pager".to_owned(), subscription(Topic::Critical, pager(), HAS_PAGER)));
    for topic in Topic::ALL {
        resources.push((format!("{}Email", topic.id()), subscription(topic, email(), HAS_EMAIL)));
    }
    resources
}

/// A topic and its policy. It is not encrypted with a key: alarms cannot publish to a topic with the key of AWS, and a message names a
/// metric.
fn of(topic: Topic, place: Place) -> [(String, Value); 2] {
    let id = topic.id();
    let resource = json!({
        "Type": "AWS::SNS::Topic",
        "Properties": {
            "TopicName": {"Fn::Sub": format!("pokedex-${{Environment}}-{}{}", part(place), kebab(id))},
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

/// The part of the names of topics that differs between the regions: the environment itself may be in us-east-1.
const fn part(place: Place) -> &'static str {
    match place {
        Place::Home => "",
        Place::Global => "global-",
    }
}

fn subscription(topic: Topic, mut properties: Value, condition: &str) -> Value {
    properties["TopicArn"] = json!({"Ref": topic.id()});
    json!({"Type": "AWS::SNS::Subscription", "Condition": condition, "Properties": properties})
}
