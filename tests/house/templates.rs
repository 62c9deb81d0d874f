//! `template.yaml`: one function a route, each with its role, its log, its variables and its path.

use std::collections::BTreeSet;

use api::{
    config::{KEYS, SYNC_KEYS},
    routes::{DEFAULT, SPECS},
};
use serde_json::{Value, json};
use tests::template;

use super::{SYNC, camel, names};

/// Every resource of a type, with its logical id.
fn resources(template: &Value, kind: &str) -> Vec<(String, Value)> {
    let all = template["Resources"].as_object().expect("resources");
    let found = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    found.map(|(id, resource)| (id.clone(), resource["Properties"].clone())).collect()
}

fn properties(template: &Value, id: &str) -> Value {
    let resource = &template["Resources"][id];
    assert!(resource.is_object(), "template.yaml has no {id}");
    resource["Properties"].clone()
}

#[test]
fn each_function_is_in_the_template_once_and_nothing_else_is() {
    let template = template("template.yaml");
    let functions = resources(&template, "AWS::Serverless::Function");
    let ids: BTreeSet<String> = functions.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids, names().iter().map(|name| format!("{}Function", camel(name))).collect());
    assert_eq!(functions.len(), SPECS.len() + 1);
}

#[test]
fn each_route_has_its_path_and_method() {
    let template = template("template.yaml");
    for spec in SPECS {
        let function = properties(&template, &format!("{}Function", camel(spec.name)));
        let events = function["Events"].as_object().expect("events");
        assert_eq!(events.len(), 1, "{}", spec.name);
        let event = events.values().next().expect("one");
        let (method, path) = match spec.path {
            DEFAULT => ("ANY", DEFAULT),
            path => (spec.method.as_str(), path),
        };
        let expected = json!({
            "Type": "HttpApi",
            "Properties": {"ApiId": {"Ref": "HttpApi"}, "Method": method, "Path": path},
        });
        assert_eq!(event, &expected, "{}", spec.name);
        assert_eq!(function["Description"], spec.summary, "{}", spec.name);
    }
}

#[test]
fn each_function_has_its_own_name_code_role_and_log() {
    let template = template("template.yaml");
    for name in names() {
        let id = camel(&name);
        let function = properties(&template, &format!("{id}Function"));
        for (property, expected) in [
            ("FunctionName", json!({"Fn::Sub": format!("pokedex-${{Environment}}-{name}")})),
            ("CodeUri", json!(".")),
            ("Role", json!({"Fn::GetAtt": format!("{id}Role.Arn")})),
            ("LoggingConfig", json!({"LogGroup": {"Ref": format!("{id}Logs")}})),
            ("AutoPublishAliasAllProperties", json!(true)),
        ] {
            assert_eq!(function[property], expected, "{name}: {property}");
        }
        let build = &template["Resources"][format!("{id}Function")]["Metadata"];
        assert_eq!(build, &json!({"BuildMethod": "makefile"}), "{name}");

        let log = properties(&template, &format!("{id}Logs"));
        assert_eq!(log["RetentionInDays"], 30, "{name}");
        let group = json!({"Fn::Sub": format!("/aws/lambda/pokedex-${{Environment}}-{name}")});
        assert_eq!(log["LogGroupName"], group, "{name}");

        let role = properties(&template, &format!("{id}Role"));
        let own_log = json!({
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": format!("{id}Logs.Arn")},
        });
        assert_eq!(role["Policies"][0]["PolicyDocument"]["Statement"][0], own_log, "{name}");
        assert_eq!(role["ManagedPolicyArns"], json!([{"Ref": "TracingPolicy"}]), "{name}");
    }
    let groups = resources(&template, "AWS::Logs::LogGroup");
    assert_eq!(groups.len(), names().len() + 1, "and the gateway's");
    assert!(groups.iter().all(|(_, group)| group["RetentionInDays"] == 30));
}

#[test]
fn what_all_functions_share_stands_in_globals() {
    let template = template("template.yaml");
    let globals = &template["Globals"]["Function"];
    for (property, expected) in [
        ("Runtime", json!("provided.al2023")),
        ("Handler", json!("bootstrap")),
        ("Architectures", json!([{"Ref": "Architecture"}])),
        ("Tracing", json!("Active")),
        ("AutoPublishAlias", json!("live")),
        ("Tags", json!({"app": "pokedex", "env": {"Ref": "Environment"}})),
    ] {
        assert_eq!(globals[property], expected, "{property}");
    }
    assert_eq!(globals["LoggingConfig"]["LogFormat"], "JSON");
    let parameters = &template["Parameters"];
    assert_eq!(parameters["Environment"]["AllowedValues"], json!(["dev", "staging", "prod"]));
    let architecture = &parameters["Architecture"];
    assert_eq!(
        (&architecture["Default"], &architecture["AllowedValues"]),
        (&json!("arm64"), &json!(["arm64", "x86_64"]))
    );
}

#[test]
fn functions_are_given_the_variables_that_they_read_and_no_other() {
    let template = template("template.yaml");
    let keys = |variables: &Value| -> BTreeSet<String> {
        variables.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(keys(&template["Globals"]["Function"]["Environment"]["Variables"]), set(&KEYS));
    for name in names() {
        let function = properties(&template, &format!("{}Function", camel(&name)));
        let own = keys(&function["Environment"]["Variables"]);
        let expected = if name == SYNC { set(&SYNC_KEYS) } else { BTreeSet::new() };
        assert_eq!(own, expected, "{name}");
    }
}

#[test]
fn the_sync_is_scheduled_and_runs_once_at_a_time() {
    let template = template("template.yaml");
    let sync = properties(&template, "SyncPokeapiFunction");
    assert_eq!(sync["Timeout"], 900);
    let once = json!({"Fn::If": ["ReserveSync", 1, {"Ref": "AWS::NoValue"}]});
    assert_eq!(sync["ReservedConcurrentExecutions"], once);
    let events = sync["Events"].as_object().expect("events");
    assert_eq!(events.len(), 1);
    let schedule = &events["EveryQuarterHour"];
    assert_eq!(schedule["Type"], "ScheduleV2");
    assert_eq!(schedule["Properties"]["ScheduleExpression"], "rate(15 minutes)");
    assert_eq!(schedule["Properties"]["OmitName"], true, "or two environments could not stand side by side");
}

#[test]
fn cors_belongs_to_the_functions() {
    let template = template("template.yaml");
    let api = properties(&template, "HttpApi");
    assert!(api.get("CorsConfiguration").is_none() && template["Globals"].get("HttpApi").is_none());
    assert_eq!(resources(&template, "AWS::Serverless::HttpApi").len(), 1);
}
