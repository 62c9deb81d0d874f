//! The parts of `template.yaml` that are written by hand; the generator writes the rest.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::template;

use super::names;

fn sub(text: String) -> Value {
    json!({ "Fn::Sub": text })
}

fn tags() -> Value {
    json!([{"Key": "app", "Value": "pokedex"}, {"Key": "env", "Value": {"Ref": "Environment"}}])
}

fn log_group(name: String) -> Value {
    json!({
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"LogGroupName": sub(name), "RetentionInDays": 30, "Tags": tags()},
    })
}

fn resources() -> BTreeMap<String, Value> {
    serde_json::from_value(template("template.yaml")["Resources"].clone()).expect("resources")
}

#[test]
fn the_template_has_no_other_resources() {
    let mut expected: Vec<String> = names()
        .iter()
        .flat_map(|name| {
            ["Function", "Role", "Logs"].map(|kind| format!("{}{kind}", infra::logical_id(name)))
        })
        .chain(["HttpApi", "HttpApiLogs", "TracingPolicy"].map(str::to_owned))
        .collect();
    expected.sort_unstable();
    assert_eq!(resources().into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn settings_of_all_functions_are_in_globals() {
    let template = template("template.yaml");
    let expected = json!({"Function": {
        "Runtime": "provided.al2023",
        "Architectures": [{"Ref": "Architecture"}],
        "MemorySize": 512,
        "Timeout": 10,
        "Tracing": "Active",
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "TRACE", "SystemLogLevel": "INFO"},
        "AutoPublishAlias": "live",
        "PropagateTags": true,
        "Tags": {"app": "pokedex", "env": {"Ref": "Environment"}},
        "Environment": {"Variables": {
            "LOG_LEVEL": {"Ref": "LogLevel"},
            "ENVIRONMENT": {"Ref": "Environment"},
            "CATALOG_TABLE": {"Ref": "CatalogTableName"},
            "APP_TABLE": {"Ref": "AppTableName"},
            "EPHEMERAL_TABLE": {"Ref": "EphemeralTableName"},
            "AUDIT_TABLE": {"Ref": "AuditTableName"},
            "CORS_ORIGINS": {"Ref": "CorsOrigins"},
            "SPRITE_BASE_URL": {"Ref": "SpriteBaseUrl"},
            "SYNC_MAX_AGE_HOURS": {"Ref": "SyncMaxAgeHours"},
            "RATE_LIMITS": {"Ref": "RateLimits"},
            "ORIGIN_VERIFY_SHA256": {"Ref": "OriginVerifySha256"},
        }},
    }});
    assert_eq!(template["Globals"], expected);
    let tracing = json!({
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "Description": "Writes traces",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*",
            }]},
        },
    });
    assert_eq!(template["Resources"]["TracingPolicy"], tracing);
}

#[test]
fn parameters_accept_only_valid_values() {
    let template = template("template.yaml");
    let parameters = template["Parameters"].as_object().expect("parameters");
    for (name, allowed, default) in [
        ("Environment", json!(["dev", "staging", "prod"]), "dev"),
        ("Architecture", json!(["arm64", "x86_64"]), "arm64"),
        ("SyncSchedule", json!(["ENABLED", "DISABLED"]), "ENABLED"),
        ("SyncReservedConcurrency", json!(["true", "false"]), "true"),
        ("TransactionKeys", json!(["per-item", "union"]), "per-item"),
    ] {
        let parameter = &parameters[name];
        assert_eq!(
            (&parameter["AllowedValues"], &parameter["Default"]),
            (&allowed, &json!(default)),
            "{name}"
        );
    }
    for (name, pattern) in [
        ("CatalogTableName", "^[a-zA-Z0-9_.-]{3,255}$"),
        ("AppTableName", "^[a-zA-Z0-9_.-]{3,255}$"),
        ("EphemeralTableName", "^[a-zA-Z0-9_.-]{3,255}$"),
        ("AuditTableName", "^[a-zA-Z0-9_.-]{3,255}$"),
        ("SigningKeysName", "^[a-zA-Z0-9/_+=.@-]{1,200}$"),
        ("OriginVerifySha256", "^([0-9a-f]{64}(,[0-9a-f]{64})?)?$"),
        ("LogLevel", "^[a-zA-Z0-9_:=,]+$"),
        ("SyncMaxAgeHours", "^[0-9]*$"),
        ("SyncRequestsPerMinute", "^[0-9]*$"),
        ("SyncMinAgeHours", "^[0-9]*$"),
    ] {
        assert_eq!(parameters[name]["AllowedPattern"], pattern, "{name}");
    }
    // `config.rs` checks their values at the start.
    let free = ["CorsOrigins", "SpriteBaseUrl", "PokeapiBaseUrl", "SyncContact", "RateLimits"];
    assert_eq!(parameters.len(), 15 + free.len());
    assert!(free.iter().all(|name| parameters[*name]["Default"] == ""));
    let conditions = json!({
        "ReserveSync": {"Fn::Equals": [{"Ref": "SyncReservedConcurrency"}, "true"]},
        "UnionOfKeys": {"Fn::Equals": [{"Ref": "TransactionKeys"}, "union"]},
    });
    assert_eq!(template["Conditions"], conditions);
}

#[test]
fn every_function_has_exactly_the_variables_that_all_routes_read() {
    let template = template("template.yaml");
    let variables =
        template["Globals"]["Function"]["Environment"]["Variables"].as_object().expect("variables");
    let mut declared: Vec<&str> = variables.keys().map(String::as_str).collect();
    let mut read: Vec<&str> = door::config::KEYS.into_iter().chain(api::config::KEYS).collect();
    declared.sort_unstable();
    read.sort_unstable();
    assert_eq!(declared, read);
}

#[test]
fn the_api_is_one_with_its_log_and_cors_belongs_to_the_functions() {
    let api = json!({
        "Type": "AWS::Serverless::HttpApi",
        "Properties": {
            "Name": sub("pokedex-${Environment}".to_owned()),
            "FailOnWarnings": true,
            "DefaultRouteSettings": {"ThrottlingBurstLimit": 500, "ThrottlingRateLimit": 200},
            "AccessLogSettings": {
                "DestinationArn": {"Fn::GetAtt": "HttpApiLogs.Arn"},
                "Format": resources()["HttpApi"]["Properties"]["AccessLogSettings"]["Format"],
            },
            "PropagateTags": true,
            "Tags": {"app": "pokedex", "env": {"Ref": "Environment"}},
        },
    });
    assert_eq!(resources()["HttpApi"], api);
    let format = api["Properties"]["AccessLogSettings"]["Format"].as_str().expect("a format").to_owned();
    let fields: Value = serde_json::from_str(&format).expect("each line is JSON");
    assert!(
        fields
            .as_object()
            .is_some_and(|fields| fields.values().all(|v| v.as_str().unwrap().starts_with("$context.")))
    );
    let secret = ["authorization", "query", "cookie", "body"];
    assert!(secret.iter().all(|word| !format.to_lowercase().contains(word)), "{format}");
    assert_eq!(resources()["HttpApiLogs"], log_group("/aws/apigateway/pokedex-${Environment}".to_owned()));
}
