//! The parameters and conditions of both templates.

use serde_json::{Value, json};

use super::alarm::Place;
use crate::stack::API_ID;

/// The distribution, an output of its stack.
pub(super) const DISTRIBUTION: &str = "DistributionId";
/// The host at which clients reach the environment, an output of the stack of the distribution.
pub(super) const HOST: &str = "EdgeHost";
/// The check from outside, an output of the stack in us-east-1.
pub(super) const CHECK: &str = "HealthCheckId";

const PAGER: &str = "PagerUrl";
const EMAIL: &str = "AlarmEmail";
const REPLICA: &str = "ReplicaRegion";
const PROBE: &str = "ProbeSchedule";

/// Conditions of subscriptions.
pub(super) const HAS_PAGER: &str = "HasPager";
pub(super) const HAS_EMAIL: &str = "HasEmail";

/// Returns the parameters of the template of a place, by name.
pub(super) fn of(place: Place) -> Vec<(String, Value)> {
    let required = |name: &str, description: &str| {
        (name.to_owned(), json!({"Type": "String", "Description": description}))
    };
    let optional = |name: &str, description: &str| {
        (name.to_owned(), json!({"Type": "String", "Default": "", "Description": description}))
    };
    let table = |name: &str| {
        (name.to_owned(), json!({"Type": "String", "AllowedPattern": "^[a-zA-Z0-9_.-]{3,255}$"}))
    };
    let mut parameters = vec![
        (
            "Environment".to_owned(),
            json!({"Type": "String", "AllowedPattern": "^(staging|prod)$", "Description": "Other environments publish no metrics."}),
        ),
        required(DISTRIBUTION, "An output of infra/edge.yaml."),
    ];
    match place {
        Place::Global => parameters.push(required(HOST, "The host of clients, an output of infra/edge.yaml.")),
        Place::Home => parameters.extend([
            table("CatalogTableName"),
            table("AppTableName"),
            required(API_ID, "The HTTP API of template.yaml, an output of its stack."),
            required(CHECK, "An output of infra/watch-global.yaml."),
            (
                "AccountConcurrency".to_owned(),
                json!({"Type": "Number", "Default": 1000, "Description": "The account's limit of concurrent executions (aws lambda get-account-settings)."}),
            ),
            required("BackupVaultName", "An output of infra/backup.yaml."),
            (
                PROBE.to_owned(),
                json!({
                    "Type": "String", "AllowedValues": ["DISABLED", "ENABLED"], "Default": "DISABLED",
                    "Description": "The state of the schedule of the probe, whose silence is a fault while it is enabled.",
                }),
            ),
            optional(REPLICA, "The region of a replica of the tables."),
        ]),
    }
    parameters.extend([
        (
            PAGER.to_owned(),
            json!({
                "Type": "String", "Default": "", "AllowedPattern": "^(https://.+)?$", "NoEcho": true,
                "Description": "The address of an on-call service, such as an integration of PagerDuty for CloudWatch, which critical alarms call.",
            }),
        ),
        optional(EMAIL, "An address that receives all alarms; it has to confirm the subscription."),
    ]);
    parameters
}

/// Returns the conditions of the template of a place, by name.
pub(super) fn conditions(place: Place) -> Vec<(String, Value)> {
    let is_set = |name: &str, parameter: &str| {
        (name.to_owned(), json!({"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}))
    };
    let mut conditions = vec![is_set(HAS_PAGER, PAGER), is_set(HAS_EMAIL, EMAIL)];
    if place == Place::Home {
        conditions.push(is_set("HasReplica", REPLICA));
        conditions.push(("HasProbe".to_owned(), json!({"Fn::Equals": [{"Ref": PROBE}, "ENABLED"]})));
    }
    conditions
}

/// The addresses of subscribers, with their protocols.
pub(super) fn pager() -> Value {
    json!({"Protocol": "https", "Endpoint": {"Ref": PAGER}})
}

pub(super) fn email() -> Value {
    json!({"Protocol": "email", "Endpoint": {"Ref": EMAIL}})
}
