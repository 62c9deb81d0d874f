//! The parts of `template.yaml` that are written by hand; the generator writes the rest.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::template;

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

/// The resources that are written by hand, which precede the generated ones.
#[test]
fn the_template_has_no_other_resources() {
    let template = tests::read("template.yaml");
    let (_, resources) = template.split_once("\nResources:\n").expect("resources");
    let (by_hand, rest) = resources.split_once("  # Generated from here on").expect("a mark");
    let (_, after) = rest.split_once("  # Generated up to here.\n").expect("a mark");
    let is_id = |line: &&str| line.starts_with("  ") && line.as_bytes()[2].is_ascii_alphabetic();
    let ids: Vec<_> = by_hand.lines().filter(is_id).map(|line| line.trim().trim_end_matches(':')).collect();
    assert_eq!(ids, ["HttpApi", "HttpApiLogs", "TracingPolicy"]);
    let (after, _) = after.split_once("\nOutputs:\n").expect("outputs");
    assert_eq!(after.trim(), "");
}

#[test]
fn settings_of_all_functions_are_in_globals() {
    let template = template("template.yaml");
    let expected = json!({"Function": {
        "Runtime": "provided.al2023",
        "Architectures": [{"Ref": "Architecture"}],
        "MemorySize": 512,
        "Timeout": 10,
        "Tracing": {"Ref": "Tracing"},
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "TRACE", "SystemLogLevel": "INFO"},
        "AutoPublishAlias": "live",
        "PropagateTags": true,
        "Tags": {"app": "pokedex", "env": {"Ref": "Environment"}},
        "Environment": {"Variables": {
            "RELEASE": "development",
            "METRICS": {"Ref": "Metrics"},
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

const TABLE: &str = "^[a-zA-Z0-9_.-]{3,255}$";

#[test]
fn parameters_accept_only_valid_values() {
    let template = template("template.yaml");
    let parameters = template["Parameters"].as_object().expect("parameters");
    let shifts = ["Canary10Percent5Minutes", "Linear10PercentEvery1Minute", "AllAtOnce"]
        .map(|shift| format!("CodeDeployDefault.Lambda{shift}"));
    for (name, allowed, default) in [
        ("Architecture", json!(["arm64", "x86_64"]), "arm64"),
        ("Metrics", json!(["on", "off"]), "on"),
        ("Tracing", json!(["Active", "PassThrough"]), "PassThrough"),
        ("Canaries", json!(["true", "false"]), "true"),
        ("TransactionKeys", json!(["per-item", "union"]), "per-item"),
        ("TrafficShift", json!(shifts), "CodeDeployDefault.LambdaAllAtOnce"),
    ] {
        let parameter = &parameters[name];
        assert_eq!(
            (&parameter["AllowedValues"], &parameter["Default"]),
            (&allowed, &json!(default)),
            "{name}"
        );
    }
    let patterns = [
        ("Environment", "^(dev|staging|prod|f-[a-z0-9-]{1,16})$"),
        ("CatalogTableName", TABLE),
        ("AppTableName", TABLE),
        ("EphemeralTableName", TABLE),
        ("AuditTableName", TABLE),
        ("SigningKeysName", "^[a-zA-Z0-9/_+=.@-]{1,200}$"),
        ("OriginVerifySha256", "^([0-9a-f]{64}(,[0-9a-f]{64})?)?$"),
        ("LogLevel", "^[a-zA-Z0-9_:=,]+$"),
        ("SyncMaxAgeHours", "^[0-9]*$"),
    ];
    for (name, pattern) in patterns {
        assert_eq!(parameters[name]["AllowedPattern"], pattern, "{name}");
    }
    // `config.rs` checks their values at the start.
    let free = ["CorsOrigins", "SpriteBaseUrl", "RateLimits"];
    assert!(free.iter().all(|name| parameters[*name]["Default"] == ""));
    let of_other_stacks = ["CodeDeployRoleArn", "VerifyReleaseArn"];
    assert_eq!(parameters.len(), 6 + patterns.len() + free.len() + of_other_stacks.len());
    // A default would deploy an environment with the names of another.
    for (name, _) in &patterns[..6] {
        assert_eq!(parameters[*name].get("Default"), None, "{name}");
    }
}

/// Without a hash, every function of these environments would end at its start, and CloudFormation would report success.
#[test]
fn stable_environments_require_the_hash_of_the_origin() {
    for file in ["template.yaml", "infra/admin.yaml", "infra/jobs.yaml", "infra/release.yaml"] {
        let rule = template(file)["Rules"]["StableEnvironmentsVerifyTheOrigin"].clone();
        let is = |name: &str| json!({"Fn::Equals": [{"Ref": "Environment"}, name]});
        assert_eq!(rule["RuleCondition"], json!({"Fn::Or": [is("staging"), is("prod")]}), "{file}");
        let present = json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "OriginVerifySha256"}, ""]}]});
        assert_eq!(rule["Assertions"][0]["Assert"], present, "{file}");
    }
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
        "Type": "AWS::ApiGatewayV2::Api",
        "Properties": {
            "Name": sub("pokedex-${Environment}".to_owned()),
            "ProtocolType": "HTTP",
            "Tags": {"app": "pokedex", "env": {"Ref": "Environment"}},
        },
    });
    assert_eq!(resources()["HttpApi"], api);
    let stage = resources()["HttpApiStage"]["Properties"].clone();
    let format = stage["AccessLogSettings"]["Format"].as_str().expect("a format").to_owned();
    let fields: Value = serde_json::from_str(&format).expect("each line is JSON");
    assert!(
        fields
            .as_object()
            .is_some_and(|fields| fields.values().all(|v| v.as_str().unwrap().starts_with("$context.")))
    );
    let secret = ["authorization", "query", "cookie", "body"];
    assert!(secret.iter().all(|word| !format.to_lowercase().contains(word)), "{format}");
    assert_eq!(
        resources()["HttpApiLogs"],
        log_group("/aws/vendedlogs/apigateway/pokedex-${Environment}".to_owned())
    );
}
