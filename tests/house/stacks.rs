//! The stacks of each environment, and the tables that local runs create from the same file.

use serde_json::{Value, json};
use tests::template;

/// The tables, named by the part before `Table`.
const TABLES: [&str; 4] = ["Catalog", "App", "Ephemeral", "Audit"];
/// The tables whose data cannot be restored from another source.
const PRECIOUS: [&str; 2] = ["AppTable", "AuditTable"];

/// The most resources that a transformed stack may have.
const MOST_RESOURCES: usize = 400;

#[test]
fn each_environment_has_a_stack_of_state_and_one_of_functions() {
    let config: toml::Value = toml::from_str(&tests::read("samconfig.toml")).expect("TOML");
    for environment in ["dev", "staging", "prod"] {
        let section = |name: &str| config[name]["deploy"]["parameters"].clone();
        let (state, functions) = (section(&format!("{environment}-data")), section(environment));
        for (section, file, stack) in [
            (&state, "infra/data.yaml", format!("pokedex-{environment}-data")),
            (&functions, ".aws-sam/build/template.yaml", format!("pokedex-{environment}")),
        ] {
            assert_eq!(section["template_file"].as_str(), Some(file), "{stack}");
            assert_eq!(section["stack_name"].as_str(), Some(stack.as_str()));
            assert_eq!(section["s3_prefix"].as_str(), Some(stack.as_str()), "artifacts of its own");
            let capabilities = section.get("capabilities").and_then(toml::Value::as_str);
            let expected = if stack.ends_with("-data") { None } else { Some("CAPABILITY_IAM") };
            assert_eq!(capabilities, expected, "{stack}");
            let overrides = section["parameter_overrides"].as_array().expect("a list");
            let tables =
                TABLES.map(|name| format!("{name}TableName=pokedex-{environment}-{}", name.to_lowercase()));
            let named = [
                format!("Environment={environment}"),
                format!("SigningKeysName=pokedex-{environment}-signing-keys"),
            ];
            for expected in named.into_iter().chain(tables) {
                assert!(overrides.iter().any(|one| one.as_str() == Some(&expected)), "{stack}: {expected}");
            }
            let tags = section["tags"].as_array().expect("a list");
            for name in ["app=", "env=", "owner=", "cost-center="] {
                assert!(
                    tags.iter().any(|tag| tag.as_str().is_some_and(|tag| tag.starts_with(name))),
                    "{stack}: {name}"
                );
            }
        }
    }
}

/// Debug lines contain data that must not be kept for long, and are billed by the gigabyte.
#[test]
fn log_levels_rise_from_dev_to_prod() {
    let config: toml::Value = toml::from_str(&tests::read("samconfig.toml")).expect("TOML");
    for (environment, level) in [("dev", "debug"), ("staging", "info"), ("prod", "warn")] {
        let overrides = config[environment]["deploy"]["parameters"]["parameter_overrides"].as_array();
        let levels: Vec<_> = overrides.expect("a list").iter().filter_map(toml::Value::as_str).collect();
        assert!(levels.contains(&format!("LogLevel={level}").as_str()), "{environment}: {levels:?}");
    }
}

#[test]
fn the_state_has_the_parameters_of_its_tables_and_their_names() {
    let data = template("infra/data.yaml");
    let parameters = data["Parameters"].as_object().expect("parameters");
    let names = TABLES.map(|name| format!("{name}TableName"));
    let expected: Vec<_> = ["Environment"].into_iter().chain(names.iter().map(String::as_str)).collect();
    assert_eq!(parameters.keys().collect::<Vec<_>>(), [&expected[..], &["SigningKeysName"]].concat());
    assert_eq!(parameters["Environment"]["AllowedValues"], json!(["dev", "staging", "prod"]));
    for name in &names {
        assert_eq!(parameters[name]["AllowedPattern"], "^[a-zA-Z0-9_.-]{3,255}$", "{name}");
    }
    for (id, table) in tables(&data) {
        assert_eq!(table["Properties"]["TableName"], json!({"Ref": format!("{id}Name")}), "{id}");
    }
    let ids: Vec<_> = data["Resources"].as_object().expect("resources").keys().collect();
    let others = ["ExportsBucket", "ExportsBucketPolicy", "SigningKeys"].map(str::to_owned);
    let expected: Vec<_> = TABLES.map(|name| format!("{name}Table")).into_iter().chain(others).collect();
    assert_eq!(ids, expected.iter().collect::<Vec<_>>(), "and nothing else");
}

/// The tables of the stack of state.
fn tables(data: &Value) -> Vec<(&String, &Value)> {
    let resources = data["Resources"].as_object().expect("resources");
    resources.iter().filter(|(id, _)| id.ends_with("Table")).collect()
}

/// Data that cannot be restored from another source outlives its stack, and can be restored to any second of the last 35 days.
#[test]
fn irreplaceable_data_is_protected() {
    let data = template("infra/data.yaml");
    for (id, resource) in tables(&data) {
        let is_precious = PRECIOUS.contains(&id.as_str());
        let policy = if is_precious { "Retain" } else { "Delete" };
        assert_eq!(
            (&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]),
            (&json!(policy), &json!(policy)),
            "{id}"
        );
        let replica = &resource["Properties"]["Replicas"][0];
        let recovery = &replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
        assert_eq!(*recovery, json!(is_precious), "{id}");
        let protection = &replica["DeletionProtectionEnabled"];
        assert_eq!(*protection, if is_precious { json!(true) } else { Value::Null }, "{id}");
    }
    assert_eq!(data["Resources"]["SigningKeys"]["DeletionPolicy"], "Retain");
    assert_eq!(
        data["Resources"]["SigningKeys"]["Properties"].get("SecretString"),
        None,
        "it is made, not deployed"
    );
    let ttl = |id: &str| &data["Resources"][id]["Properties"]["TimeToLiveSpecification"];
    for id in ["EphemeralTable", "AuditTable"] {
        assert_eq!(*ttl(id), json!({"AttributeName": "expires_at", "Enabled": true}), "{id}");
    }
    for id in ["CatalogTable", "AppTable"] {
        assert_eq!(*ttl(id), Value::Null, "{id}");
    }
}

/// A user's data is not public, is transferred over encrypted connections only, and is deleted as soon as possible.
#[test]
fn exports_are_private_and_expire_after_a_day() {
    let resources = template("infra/data.yaml")["Resources"].clone();
    let bucket = &resources["ExportsBucket"]["Properties"];
    assert_eq!(bucket["BucketName"], json!({"Fn::Sub": infra::EXPORTS_BUCKET}));
    let closed = &bucket["PublicAccessBlockConfiguration"];
    for way in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
        assert_eq!(closed[way], true, "{way}");
    }
    let rule = &bucket["LifecycleConfiguration"]["Rules"][0];
    assert_eq!((&rule["Status"], &rule["ExpirationInDays"]), (&json!("Enabled"), &json!(1)));
    assert_eq!(rule.get("Prefix"), None, "all of it");
    assert_eq!(bucket.get("VersioningConfiguration"), None, "what is deleted is gone");
    let encryption = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
    assert_eq!(encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256");
    let statement = &resources["ExportsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"][0];
    assert_eq!(
        (&statement["Effect"], &statement["Principal"], &statement["Action"]),
        (&json!("Deny"), &json!("*"), &json!("s3:*"))
    );
    assert_eq!(statement["Condition"], json!({"Bool": {"aws:SecureTransport": "false"}}));
    assert_eq!(statement["Resource"].as_array().map(Vec::len), Some(2), "the bucket, and what is in it");
}

/// CloudFormation accepts 500 resources in a stack. A transformed function consists of itself, its version, its alias and a permission for
/// each event of the HTTP API, or a schedule and its role, and the limits on retries. The stage `templates` counts the resources after the
/// transformation.
#[test]
fn every_stack_stays_below_the_resource_limit_of_cloudformation() {
    for file in ["template.yaml", "infra/data.yaml"] {
        let template = template(file);
        let resources = template["Resources"].as_object().expect("resources");
        let events = |function: &Value| {
            let events = function["Properties"]["Events"].as_object().into_iter().flatten();
            let weight = |event: &Value| if event["Type"] == "HttpApi" { 1 } else { 2 };
            events.map(|(_, event)| weight(event)).sum::<usize>()
        };
        let weight = |resource: &Value| match resource["Type"].as_str() {
            Some("AWS::Serverless::Function") => {
                let invoke_config = &resource["Properties"]["EventInvokeConfig"];
                3 + usize::from(invoke_config.is_object()) + events(resource)
            }
            Some("AWS::Serverless::HttpApi") => 2,
            _ => 1,
        };
        let weight: usize = resources.values().map(weight).sum();
        assert!(weight <= MOST_RESOURCES, "{file} has {weight} resources, more than {MOST_RESOURCES}");
    }
}

#[test]
fn tables_are_global_tables_on_demand_with_one_replica() {
    let data = template("infra/data.yaml");
    for (id, resource) in tables(&data) {
        assert_eq!(resource["Type"], "AWS::DynamoDB::GlobalTable", "{id}");
        let table = &resource["Properties"];
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{id}");
        assert_eq!(table["Replicas"].as_array().map(Vec::len), Some(1), "{id}");
        assert_eq!(table["SSESpecification"]["SSEEnabled"], true, "{id}");
    }
}

/// An update of a stack can add one index, and `app` is protected against replacement.
#[test]
fn app_has_four_generic_indexes_from_the_start() {
    let data = template("infra/data.yaml");
    let indexes =
        data["Resources"]["AppTable"]["Properties"]["GlobalSecondaryIndexes"].as_array().expect("indexes");
    assert_eq!(indexes.len(), 4);
    for (nth, index) in indexes.iter().enumerate() {
        let name = format!("gsi{}", nth + 1);
        let key =
            |suffix: &str, kind: &str| json!({"AttributeName": format!("{name}{suffix}"), "KeyType": kind});
        assert_eq!(index["IndexName"], json!(name));
        assert_eq!(index["KeySchema"], json!([key("pk", "HASH"), key("sk", "RANGE")]), "{name}");
        assert_eq!(index["Projection"], json!({"ProjectionType": "ALL"}), "{name}");
    }
}

/// An index with a lower write limit than its table throttles the table; an index without a maximum costs as much as a flood of requests.
#[test]
fn every_index_has_the_maxima_of_its_table() {
    let data = template("infra/data.yaml");
    for (id, resource) in tables(&data) {
        let table = &resource["Properties"];
        let writes = &table["WriteOnDemandThroughputSettings"]["MaxWriteRequestUnits"];
        let replica = &table["Replicas"][0];
        let reads = &replica["ReadOnDemandThroughputSettings"]["MaxReadRequestUnits"];
        assert!(writes.is_number() && reads.is_number(), "{id}");
        let none = Vec::new();
        let indexes = table["GlobalSecondaryIndexes"].as_array().unwrap_or(&none);
        for index in indexes {
            assert_eq!(
                index["WriteOnDemandThroughputSettings"]["MaxWriteRequestUnits"], *writes,
                "{id}: {index}"
            );
        }
        let of_replica = replica["GlobalSecondaryIndexes"].as_array().unwrap_or(&none);
        let expected: Vec<_> = indexes
            .iter()
            .map(|index| json!({"IndexName": index["IndexName"], "ReadOnDemandThroughputSettings": {"MaxReadRequestUnits": reads}}))
            .collect();
        assert_eq!(*of_replica, expected, "{id}");
    }
}

#[test]
fn keys_indexes_and_ttl_hold_no_intrinsics() {
    let data = template("infra/data.yaml");
    for (id, resource) in tables(&data) {
        let definitions =
            ["AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "TimeToLiveSpecification"];
        for definition in definitions {
            let value = &resource["Properties"][definition];
            assert!(
                !has_intrinsic(value),
                "{id}: {definition}: local runs create it from this file: {value}"
            );
        }
        assert!(resource["Properties"]["KeySchema"].is_array(), "{id}");
    }
}

fn has_intrinsic(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name == "Ref" || name.starts_with("Fn::") || has_intrinsic(value)),
        Value::Array(items) => items.iter().any(has_intrinsic),
        _ => false,
    }
}
