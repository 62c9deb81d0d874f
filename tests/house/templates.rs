//! The whole of `template.yaml`: every function, role and log follows from the table of routes, and the template has no
//! other resources.

use std::collections::BTreeMap;

use api::{
    config::EXPORT_KEYS, config::ISSUER_KEYS, config::KEYS, config::SYNC_KEYS, config::WRITER_KEYS,
    routes::SPECS,
};
use door::route::DEFAULT;
use serde_json::{Value, json};
use tests::template;

use super::{DELETIONS, ROTATION, SYNC, camel, names};

/// Routes that read no catalogue have half the memory.
const LIGHT: [&str; 4] = ["get-health", "get-openapi", "get-version", "answer-unknown"];
/// Routes that hash passwords have the memory that comes with a whole processor.
const HEAVY: [&str; 7] = [
    "register-user",
    "login-user",
    "update-profile",
    "update-user",
    "delete-profile",
    "delete-user",
    "export-account",
];
/// Routes that sign tokens read the secret.
const ISSUERS: [&str; 3] = ["register-user", "login-user", "refresh-session"];
/// Routes that have the catalogue written wait as long as the HTTP API does.
const WRITERS: [&str; 3] = ["fetch-pokemon", "update-pokemon", "hide-pokemon"];
/// The functions that create an export, and those that delete it with the account.
const EXPORTER: &str = "export-account";
const FORGETTERS: [&str; 3] = ["delete-profile", "delete-user", DELETIONS];

/// The bucket of exports. Its name is generated, because names of buckets are global.
pub(super) const BUCKET: &str = "pokedex-${Environment}-exports-${AWS::AccountId}-${AWS::Region}";
const WRITER: &str = "pokedex-${Environment}-sync-pokeapi:live";

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

/// The events that start a route's function: the HTTP API does not match HEAD with a GET route, so HEAD has its own event.
fn events(method: &str, path: &str) -> Value {
    let event = |method: &str| {
        json!({
            "Type": "HttpApi",
            "Properties": {"ApiId": {"Ref": "HttpApi"}, "Method": method, "Path": path},
        })
    };
    match method {
        "GET" => json!({"Route": event("GET"), "Head": event("HEAD")}),
        method => json!({"Route": event(method)}),
    }
}

/// The complete definition of a route's function.
fn function(name: &str, method: &str, path: &str, summary: &str) -> Value {
    let id = camel(name);
    let mut function = json!({
        "Type": "AWS::Serverless::Function",
        "Metadata": {"BuildMethod": "makefile"},
        "Properties": {
            "FunctionName": sub(format!("pokedex-${{Environment}}-{name}")),
            "Description": summary,
            "CodeUri": ".",
            "Role": {"Fn::GetAtt": format!("{id}Role.Arn")},
            "AutoPublishAliasAllProperties": true,
            "LoggingConfig": {"LogGroup": {"Ref": format!("{id}Logs")}},
            "Events": events(method, path),
        },
    });
    if LIGHT.contains(&name) {
        function["Properties"]["MemorySize"] = json!(256);
    }
    if HEAVY.contains(&name) {
        function["Properties"]["MemorySize"] = json!(1769);
    }
    let mut give = |name: &str, value: Value| {
        function["Properties"]["Environment"] = json!({"Variables": {name: value}});
    };
    match name {
        name if ISSUERS.contains(&name) => give("SIGNING_KEYS", json!({"Ref": "SigningKeysName"})),
        name if WRITERS.contains(&name) => give("SYNC_FUNCTION", sub(WRITER.to_owned())),
        name if name == EXPORTER || FORGETTERS.contains(&name) => {
            give("EXPORTS_BUCKET", sub(BUCKET.to_owned()));
        }
        _ => {}
    }
    if WRITERS.contains(&name) {
        function["Properties"]["Timeout"] = json!(30);
    }
    function
}

/// The complete definition of a function that runs every hour.
fn job(name: &str, summary: &str, more: Value) -> Value {
    let mut job = function(name, "", "", summary);
    let own = json!({
        "MemorySize": 256,
        "EventInvokeConfig": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 300},
        "Events": {"EveryHour": {"Type": "ScheduleV2", "Properties": {
            "ScheduleExpression": "rate(1 hour)",
            "OmitName": true,
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 300},
        }}},
    });
    let properties = job["Properties"].as_object_mut().expect("properties");
    for of in [own, more] {
        properties.extend(of.as_object().expect("properties").clone());
    }
    job
}

/// The rights of a role outside DynamoDB: on the secret, on the function that writes, on the bucket.
fn elsewhere(name: &str) -> Vec<Value> {
    let secret = "secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SigningKeysName}-??????";
    let writer = format!("lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{WRITER}");
    let files = format!("s3:::{BUCKET}/*");
    let statement = |action: Value, resource: &str| {
        let arn = format!("arn:${{AWS::Partition}}:{resource}");
        vec![json!({"Effect": "Allow", "Action": action, "Resource": {"Fn::Sub": arn}})]
    };
    match name {
        ROTATION => {
            statement(json!(["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]), secret)
        }
        name if ISSUERS.contains(&name) => statement(json!("secretsmanager:GetSecretValue"), secret),
        name if WRITERS.contains(&name) => statement(json!("lambda:InvokeFunction"), &writer),
        // A link grants read access only if its signer has it.
        EXPORTER => statement(json!(["s3:PutObject", "s3:GetObject", "s3:DeleteObject"]), &files),
        name if FORGETTERS.contains(&name) => statement(json!("s3:DeleteObject"), &files),
        _ => Vec::new(),
    }
}

/// The complete definition of the scheduled function.
fn sync() -> Value {
    let mut sync = function(SYNC, "", "", "Refresh the catalogue from PokeAPI");
    let own = json!({
        "Timeout": 900,
        "ReservedConcurrentExecutions": {"Fn::If": ["ReserveSync", 1, {"Ref": "AWS::NoValue"}]},
        "Environment": {"Variables": {
            "POKEAPI_BASE_URL": {"Ref": "PokeapiBaseUrl"},
            "SYNC_REQUESTS_PER_MINUTE": {"Ref": "SyncRequestsPerMinute"},
            "SYNC_CONTACT": {"Ref": "SyncContact"},
            "SYNC_MIN_AGE_HOURS": {"Ref": "SyncMinAgeHours"},
        }},
        "EventInvokeConfig": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 300},
        "Events": {"EveryQuarterHour": {"Type": "ScheduleV2", "Properties": {
            "ScheduleExpression": "rate(15 minutes)",
            "State": {"Ref": "SyncSchedule"},
            // Without this, two environments could not exist side by side.
            "OmitName": true,
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 300},
        }}},
    });
    let properties = sync["Properties"].as_object_mut().expect("properties");
    properties.extend(own.as_object().expect("properties").clone());
    sync
}

/// The complete role, except for its rights in DynamoDB, which `access.rs` compares with the calls of its function.
fn role(name: &str) -> Value {
    let id = camel(name);
    json!({
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
                }],
            },
            "ManagedPolicyArns": [{"Ref": "TracingPolicy"}],
            "Policies": [{
                "PolicyName": "function",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{
                        "Effect": "Allow",
                        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                        "Resource": {"Fn::GetAtt": format!("{id}Logs.Arn")},
                    }],
                },
            }],
            "Tags": tags(),
        },
    })
}

/// `role` without its statements after the first, each of which must be about DynamoDB.
fn without_data(name: &str, mut role: Value) -> Value {
    let statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].as_array_mut();
    let statements = statements.unwrap_or_else(|| panic!("the role of {name} has no statements"));
    let (others, data): (Vec<_>, Vec<_>) = statements.drain(1..).partition(super::access::is_elsewhere);
    assert_eq!(others, elsewhere(name), "{name}");
    for statement in data {
        super::access::grants(name, &statement);
    }
    role
}

fn resources() -> BTreeMap<String, Value> {
    serde_json::from_value(template("template.yaml")["Resources"].clone()).expect("resources")
}

#[test]
fn each_function_is_what_its_route_makes_of_it() {
    let resources = resources();
    for spec in SPECS {
        let (method, path) = match spec.path {
            DEFAULT => ("ANY", DEFAULT),
            path => (spec.method.as_str(), path),
        };
        let expected = function(spec.name, method, path, spec.summary);
        assert_eq!(resources.get(&format!("{}Function", camel(spec.name))), Some(&expected), "{}", spec.name);
    }
    assert_eq!(resources.get(&format!("{}Function", camel(SYNC))), Some(&sync()));
    assert_eq!(
        resources.get(&format!("{}Function", camel(ROTATION))),
        Some(&{
            let keys = json!({"Environment": {"Variables": {"SIGNING_KEYS": {"Ref": "SigningKeysName"}}}});
            job(ROTATION, "Make and promote the keys that tokens are signed with", keys)
        })
    );
    let deletions = job(DELETIONS, "End the deletions of accounts that were cut off", json!({"Timeout": 60}));
    assert_eq!(resources.get(&format!("{}Function", camel(DELETIONS))), Some(&deletions));
}

#[test]
fn each_function_has_a_role_and_a_log_of_its_own() {
    let resources = resources();
    for name in names() {
        let given = resources.get(&format!("{}Role", camel(&name))).cloned();
        let given = given.unwrap_or_else(|| panic!("{name} has no role"));
        assert_eq!(without_data(&name, given), role(&name), "{name}");
        let log = log_group(format!("/aws/lambda/pokedex-${{Environment}}-{name}"));
        assert_eq!(resources.get(&format!("{}Logs", camel(&name))), Some(&log), "{name}");
    }
}

#[test]
fn there_is_nothing_else() {
    let mut expected: Vec<String> = names()
        .iter()
        .flat_map(|name| ["Function", "Role", "Logs"].map(|kind| format!("{}{kind}", camel(name))))
        .chain(["HttpApi", "HttpApiLogs", "TracingPolicy"].map(str::to_owned))
        .collect();
    expected.sort_unstable();
    assert_eq!(resources().into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn what_all_functions_share_stands_in_globals() {
    let template = template("template.yaml");
    let expected = json!({"Function": {
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
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
fn parameters_take_what_is_meant_and_nothing_else() {
    let template = template("template.yaml");
    let parameters = template["Parameters"].as_object().expect("parameters");
    for (name, allowed, default) in [
        ("Environment", json!(["dev", "staging", "prod"]), "dev"),
        ("Architecture", json!(["arm64", "x86_64"]), "arm64"),
        ("SyncSchedule", json!(["ENABLED", "DISABLED"]), "ENABLED"),
        ("SyncReservedConcurrency", json!(["true", "false"]), "true"),
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
    assert_eq!(parameters.len(), 14 + free.len());
    assert!(free.iter().all(|name| parameters[*name]["Default"] == ""));
    let reserve = json!({"ReserveSync": {"Fn::Equals": [{"Ref": "SyncReservedConcurrency"}, "true"]}});
    assert_eq!(template["Conditions"], reserve);
}

#[test]
fn functions_are_given_the_variables_that_they_read_and_no_other() {
    let template = template("template.yaml");
    let keys = |variables: &Value| -> Vec<String> {
        let mut keys: Vec<_> =
            variables.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        keys.sort_unstable();
        keys
    };
    let set = |keys: &[&str]| {
        let mut keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
        keys.sort_unstable();
        keys
    };
    assert_eq!(keys(&template["Globals"]["Function"]["Environment"]["Variables"]), set(&KEYS));
    for name in names() {
        let function = &template["Resources"][format!("{}Function", camel(&name))]["Properties"];
        let expected = match name.as_str() {
            SYNC => set(&SYNC_KEYS),
            ROTATION => set(&ISSUER_KEYS),
            name if ISSUERS.contains(&name) => set(&ISSUER_KEYS),
            name if WRITERS.contains(&name) => set(&WRITER_KEYS),
            name if name == EXPORTER || FORGETTERS.contains(&name) => set(&EXPORT_KEYS),
            _ => Vec::new(),
        };
        assert_eq!(keys(&function["Environment"]["Variables"]), expected, "{name}");
    }
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
