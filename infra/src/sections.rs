//! The sections of a generated template that only its stack has, besides the resources of functions.

use serde_json::{Value, json};

use crate::{
    canary,
    function::IS_STABLE,
    stack::{API_ID, Stack},
};

/// Parameters, rules, conditions, resources and outputs by name.
#[derive(Default)]
pub(crate) struct Sections {
    pub(crate) parameters: Vec<(&'static str, Value)>,
    pub(crate) rules: Vec<(&'static str, Value)>,
    pub(crate) conditions: Vec<(&'static str, Value)>,
    pub(crate) resources: Vec<(&'static str, Value)>,
    pub(crate) outputs: Vec<(&'static str, Value)>,
}

/// Returns the sections of `stack`. `template.yaml` has its sections itself.
pub(crate) fn of(stack: Stack) -> Sections {
    match stack.name {
        "release" => of_release(),
        "jobs" => of_jobs(),
        _ if stack.is_main() => Sections::default(),
        _ => of_routes(),
    }
}

fn of_release() -> Sections {
    let name = json!({"Type": "String", "Description": "The secret with the value of X-Origin-Verify."});
    let alias = json!({"Value": {"Ref": "VerifyReleaseFunction.Alias"}});
    Sections {
        parameters: vec![("OriginVerifyName", name)],
        resources: vec![("CodeDeployRole", canary::role())],
        outputs: vec![
            ("VerifyReleaseArn", alias),
            ("CodeDeployRoleArn", json!({"Value": {"Fn::GetAtt": "CodeDeployRole.Arn"}})),
        ],
        ..Sections::default()
    }
}

/// The sections of a stack of routes without an API of its own.
fn of_routes() -> Sections {
    let api =
        json!({"Type": "String", "Description": "The HTTP API of template.yaml, an output of its stack."});
    Sections { parameters: vec![(API_ID, api)], ..Sections::default() }
}

fn of_jobs() -> Sections {
    let environment = |name: &str| json!({"Fn::Equals": [{"Ref": "Environment"}, name]});
    let text = |description: &str| json!({"Type": "String", "Default": "", "Description": description});
    let number = |description: &str| json!({"Type": "String", "AllowedPattern": "^[0-9]*$", "Default": "", "Description": description});
    let choice = |values: &[&str], description: &str| json!({"Type": "String", "AllowedValues": values, "Default": values[0], "Description": description});
    Sections {
        parameters: vec![
            ("PokeapiBaseUrl", text("The address of PokeAPI, or of a mirror of it.")),
            ("SyncRequestsPerMinute", number("The most requests to PokeAPI in a minute; 0 for no limit.")),
            ("SyncContact", text("An address for PokeAPI's keepers, sent with every request.")),
            ("SyncMinAgeHours", number("A schedule does nothing while the catalogue is younger.")),
            (
                "Pictures",
                choice(
                    &["source", "none", "mirrored"],
                    "The pictures of the Pokédex: PokeAPI's, none, or mirrored ones. The art belongs to The Pokémon Company (README.md, Pictures).",
                ),
            ),
            (
                "AssetsSourceUrl",
                text(
                    "The address of PokeAPI's repositories of pictures, or of a mirror of them on the same machine.",
                ),
            ),
            (
                "SyncSchedule",
                choice(
                    &["ENABLED", "DISABLED"],
                    "Disabled in environments of branches, which keep the bundled catalogue.",
                ),
            ),
            (
                "SyncReservedConcurrency",
                choice(
                    &["true", "false"],
                    "False in a new account, whose limit of 10 concurrent executions leaves none to reserve.",
                ),
            ),
        ],
        // An environment of a branch has no distribution, so nobody could load mirrored pictures.
        rules: vec![(
            "MirroredPicturesNeedAnEdge",
            json!({
                "RuleCondition": {"Fn::Equals": [{"Ref": "Pictures"}, "mirrored"]},
                "Assertions": [{
                    "Assert": {"Fn::Contains": [["dev", "staging", "prod"], {"Ref": "Environment"}]},
                    "AssertDescription": "Pictures are mirrored only where a distribution serves them.",
                }],
            }),
        )],
        conditions: vec![
            ("ReserveSync", json!({"Fn::Equals": [{"Ref": "SyncReservedConcurrency"}, "true"]})),
            ("HasEdge", json!({"Fn::Or": [environment("dev"), environment("staging"), environment("prod")]})),
            (IS_STABLE, json!({"Fn::Or": [environment("staging"), environment("prod")]})),
        ],
        // For the schedules in infra/edge.yaml.
        outputs: vec![
            ("InvalidateEdgeArn", json!({"Value": {"Ref": "InvalidateEdgeFunction.Alias"}})),
            ("ProbeApiArn", json!({"Value": {"Ref": "ProbeApiFunction.Alias"}})),
            ("ScheduleRoleArn", json!({"Value": {"Fn::GetAtt": "ScheduleRole.Arn"}})),
            ("ScheduleFailuresArn", json!({"Value": {"Fn::GetAtt": "ScheduleFailures.Arn"}})),
        ],
        ..Sections::default()
    }
}
