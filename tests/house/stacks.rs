//! The stacks of each environment, and the tables that local runs create from the same file.

use std::collections::BTreeSet;

use deploy::{settings::Settings, stacks};
use serde_json::{Value, json};
use tests::template;

/// The tables, named by the part before `Table`.
const TABLES: [&str; 4] = ["Catalog", "App", "Ephemeral", "Audit"];
/// The tables whose data cannot be restored from another source.
pub(super) const PRECIOUS: [&str; 2] = ["AppTable", "AuditTable"];

/// The settings of every environment, as the deployment reads them.
fn settings(environment: &str) -> Settings {
    Settings::read(&tests::root(), environment).unwrap_or_else(|error| panic!("{environment}: {error:#}"))
}

const ENVIRONMENTS: [&str; 4] = ["dev", "staging", "prod", "f-branch"];

#[test]
fn every_environment_has_names_and_tags_of_its_own() {
    for environment in ENVIRONMENTS {
        let settings = settings(environment);
        for name in TABLES {
            let expected = format!("pokedex-{environment}-{}", name.to_lowercase());
            assert_eq!(settings.parameters[&format!("{name}TableName")], expected);
        }
        for (parameter, name) in [("SigningKeysName", "signing-keys"), ("OriginVerifyName", "origin-verify")]
        {
            assert_eq!(settings.parameters[parameter], format!("pokedex-{environment}-{name}"));
        }
        assert_eq!(settings.parameters["Environment"], environment);
        assert_eq!(settings.tags["env"], environment);
        for tag in ["app", "owner", "cost-center"] {
            assert_eq!(settings.tags[tag], "pokedex", "{environment}: {tag}");
        }
        let (stacks, _) = stacks::read(&tests::root()).expect("stacks");
        let names: Vec<_> = stacks.iter().map(|stack| stack.name_in(&settings)).collect();
        assert!(names.iter().all(|name| name.starts_with(&format!("pokedex-{environment}"))), "{names:?}");
        assert!(names.contains(&format!("pokedex-{environment}")), "the stack with the API: {names:?}");
    }
}

/// Everything in which two stable environments differ. Another difference would make staging prove less about prod.
#[test]
fn staging_differs_from_prod_only_where_it_may() {
    let (staging, prod) = (settings("staging"), settings("prod"));
    // The second half are addresses: each environment has its own, and only prod has a second region.
    let may_differ =
        [["LogLevel", "TrafficShift", "ReplicaRegion"], ["DomainName", "FailoverApiDomain", "PagerUrl"]]
            .concat();
    let shown = |settings: &Settings, name: &str| {
        settings.parameters.get(name).map(|value| value.replace(settings.environment.name(), "ENV"))
    };
    let names: BTreeSet<&String> = staging.parameters.keys().chain(prod.parameters.keys()).collect();
    for name in names {
        let is_same = shown(&staging, name) == shown(&prod, name);
        assert!(is_same || may_differ.contains(&name.as_str()), "{name} differs between staging and prod");
    }
    assert_eq!((&staging.region, &staging.own.architecture), (&prod.region, &prod.own.architecture));
    assert!(staging.own.window.is_none() && prod.own.window.is_some());
    // Templates name an environment only to tell the stable ones from the others.
    for file in TEMPLATES {
        let template = template(file);
        for part in ["Conditions", "Rules", "Resources"] {
            let text = template[part].to_string();
            let named = ["staging", "prod"]
                .map(|name| text.matches(&format!("{{\"Ref\":\"Environment\"}},\"{name}\"]")).count());
            assert_eq!(named[0], named[1], "{part} of {file} treat staging and prod differently");
        }
    }
}

pub(super) const TEMPLATES: [&str; 12] = [
    "infra/dr.yaml",
    "infra/data.yaml",
    "infra/backup.yaml",
    "infra/release.yaml",
    "template.yaml",
    "infra/admin.yaml",
    "infra/jobs.yaml",
    "infra/edge-global.yaml",
    "infra/edge.yaml",
    "infra/edge-logs.yaml",
    "infra/watch-global.yaml",
    "infra/watch.yaml",
];

/// The list of stacks, and their templates.
#[test]
fn every_template_belongs_to_a_stack() {
    let (stacks, _) = stacks::read(&tests::root()).expect("stacks");
    let listed: Vec<_> = stacks.iter().map(|stack| stack.template.as_str()).collect();
    assert_eq!(listed, TEMPLATES);
    let of_functions: Vec<_> = infra::STACKS.iter().map(|stack| (stack.name, stack.template)).collect();
    let listed: Vec<_> = stacks
        .iter()
        .filter(|stack| !stack.protected && !stack.name.starts_with(stacks::EDGE) && !stack.watches())
        .map(|stack| (&*stack.name, &*stack.template))
        .collect();
    assert_eq!(listed, of_functions, "the generator and the deployment");
}

/// Debug lines contain data that must not be kept for long, and are billed by the gigabyte.
#[test]
fn log_levels_rise_from_dev_to_prod() {
    for (environment, level) in
        [("f-branch", "debug"), ("dev", "debug"), ("staging", "info"), ("prod", "warn")]
    {
        assert_eq!(settings(environment).parameters["LogLevel"], level, "{environment}");
    }
}

#[test]
fn the_state_has_the_parameters_of_its_tables_and_their_names() {
    let data = template("infra/data.yaml");
    let parameters = data["Parameters"].as_object().expect("parameters");
    let names = TABLES.map(|name| format!("{name}TableName"));
    let expected: Vec<_> = ["Environment"].into_iter().chain(names.iter().map(String::as_str)).collect();
    assert_eq!(
        parameters.keys().collect::<Vec<_>>(),
        [&expected[..], &["SigningKeysName", "OriginVerifyName", "ReplicaRegion"]].concat()
    );
    assert_eq!(parameters["Environment"]["AllowedPattern"], "^(dev|staging|prod|f-[a-z0-9-]{1,16})$");
    for name in &names {
        assert_eq!(parameters[name]["AllowedPattern"], "^[a-zA-Z0-9_.-]{3,255}$", "{name}");
    }
    for (id, table) in tables(&data) {
        assert_eq!(table["Properties"]["TableName"], json!({"Ref": format!("{id}Name")}), "{id}");
    }
    let ids: Vec<_> = data["Resources"].as_object().expect("resources").keys().collect();
    let others = [
        "ExportsBucket",
        "ExportsBucketPolicy",
        "AssetsBucket",
        "WebBucket",
        "LogsBucket",
        "LogsBucketPolicy",
        "SigningKeys",
        "OriginVerify",
        "ProbeAccount",
        "Notices",
        "NoticesPolicy",
    ];
    let others = others.map(str::to_owned);
    let expected: Vec<_> = TABLES.map(|name| format!("{name}Table")).into_iter().chain(others).collect();
    assert_eq!(ids, expected.iter().collect::<Vec<_>>(), "and nothing else");
}

/// The tables of the stack of state.
fn tables(data: &Value) -> Vec<(&String, &Value)> {
    let resources = data["Resources"].as_object().expect("resources");
    resources.iter().filter(|(id, _)| id.ends_with("Table")).collect()
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

/// Another name, type or key would replace what holds data. A deployment refuses that as well, but only on the way to an environment.
#[test]
fn a_resource_that_holds_data_keeps_its_name_type_and_keys() {
    let data = template("infra/data.yaml");
    let of = |id: &str| data["Resources"][id].clone();
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    for table in TABLES {
        let resource = of(&format!("{table}Table"));
        assert_eq!(resource["Type"], "AWS::DynamoDB::GlobalTable", "{table}");
        let keys = json!([key("pk", "HASH"), key("sk", "RANGE")]);
        assert_eq!(resource["Properties"]["KeySchema"], keys, "{table}");
    }
    for (id, kind, property, name) in [
        ("ExportsBucket", "AWS::S3::Bucket", "BucketName", json!({"Fn::Sub": infra::EXPORTS_BUCKET})),
        ("AssetsBucket", "AWS::S3::Bucket", "BucketName", json!({"Fn::Sub": infra::ASSETS_BUCKET})),
        ("SigningKeys", "AWS::SecretsManager::Secret", "Name", json!({"Ref": "SigningKeysName"})),
        ("OriginVerify", "AWS::SecretsManager::Secret", "Name", json!({"Ref": "OriginVerifyName"})),
        ("ProbeAccount", "AWS::SecretsManager::Secret", "Name", json!({"Fn::Sub": infra::PROBE_SECRET})),
    ] {
        let resource = of(id);
        assert_eq!((&resource["Type"], &resource["Properties"][property]), (&json!(kind), &name), "{id}");
    }
}

#[test]
fn tables_are_global_tables_on_demand() {
    let data = template("infra/data.yaml");
    for (id, resource) in tables(&data) {
        assert_eq!(resource["Type"], "AWS::DynamoDB::GlobalTable", "{id}");
        let table = &resource["Properties"];
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{id}");
    }
}

/// Every table is encrypted. Where a request to the key of AWS costs money, the data is worth it (ADR 35).
#[test]
fn data_of_users_is_encrypted_with_a_key_that_aws_rotates() {
    let data = template("infra/data.yaml");
    for (id, resource) in tables(&data) {
        let is_precious = PRECIOUS.contains(&id.as_str());
        assert_eq!(
            resource["Properties"]["SSESpecification"],
            json!({"SSEEnabled": is_precious}),
            "{id}: `true` without another type is the key of AWS in the account"
        );
        let replica = &resource["Properties"]["Replicas"][0];
        assert_eq!(replica["SSESpecification"], Value::Null, "{id}: a replica names no key of our own");
    }
    for file in TEMPLATES {
        assert!(
            !tests::read(file).contains("AWS::KMS::"),
            "{file}: a key can be deleted, and its data with it"
        );
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

/// Branches would each send thousands of requests a day to PokeAPI.
#[test]
fn only_dev_and_the_stable_environments_sync() {
    for (environment, state) in
        [("f-branch", Some("DISABLED")), ("dev", None), ("staging", None), ("prod", None)]
    {
        let settings = settings(environment);
        let schedule = settings.parameters.get("SyncSchedule").map(String::as_str);
        assert_eq!(schedule.filter(|state| *state != "ENABLED"), state, "{environment}");
    }
}

/// Each minute of the probe is billed, and leaves events in the trail. Its account exists in stable environments only.
#[test]
fn only_stable_environments_are_probed() {
    for (environment, state) in
        [("f-branch", None), ("dev", None), ("staging", Some("ENABLED")), ("prod", Some("ENABLED"))]
    {
        let settings = settings(environment);
        assert_eq!(settings.parameters.get("ProbeSchedule").map(String::as_str), state, "{environment}");
    }
    for file in ["infra/edge.yaml", "infra/watch.yaml"] {
        assert_eq!(template(file)["Parameters"]["ProbeSchedule"]["Default"], "DISABLED", "{file}");
    }
    let account = template("infra/data.yaml")["Resources"]["ProbeAccount"].clone();
    assert_eq!(
        (&account["Condition"], account["Properties"].get("SecretString")),
        (&json!("IsStable"), None)
    );
}

/// Every function with traffic is verified, and two alarms end its deployment.
#[test]
fn every_canary_has_a_hook_and_two_alarms() {
    let resources = template("template.yaml")["Resources"].clone();
    let resources = resources.as_object().expect("resources");
    let functions = resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
    let mut canaries = 0;
    for (id, function) in functions {
        let preference = &function["Properties"]["DeploymentPreference"];
        assert_eq!(preference["Hooks"]["PreTraffic"], json!({"Ref": "VerifyReleaseArn"}), "{id}");
        assert_eq!(preference["Type"], json!({"Ref": "TrafficShift"}), "{id}");
        assert_eq!(
            preference["Alarms"]
                .as_array()
                .map(Vec::len)
                .or_else(|| { preference["Alarms"]["Fn::If"][1].as_array().map(Vec::len) }),
            Some(2),
            "{id}: {preference}"
        );
        canaries += 1;
    }
    assert!(canaries > 30, "{canaries}");
    let outputs = template("template.yaml")["Outputs"].clone();
    for output in ["ApiUrl", "HttpApiId", "ApiDomainName"] {
        assert!(outputs[output]["Value"].is_object(), "{output}");
    }
}

/// The bucket of artifacts holds what every environment runs. A live release needs its program at any age.
#[test]
fn artifacts_are_private_and_versioned_and_only_old_versions_expire() {
    let resources = template("infra/artifacts.yaml")["Resources"].clone();
    let bucket = &resources["Artifacts"]["Properties"];
    let closed = bucket["PublicAccessBlockConfiguration"].as_object().expect("a block");
    assert_eq!((closed.len(), closed.values().all(|way| *way == true)), (4, true));
    assert_eq!(bucket["VersioningConfiguration"]["Status"], "Enabled");
    let rules = bucket["LifecycleConfiguration"]["Rules"].as_array().expect("rules");
    assert!(rules.iter().all(|rule| rule["ExpirationInDays"].is_null()), "{rules:?}");
    assert!(rules.iter().any(|rule| rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30));
    let statement = &resources["ArtifactsPolicy"]["Properties"]["PolicyDocument"]["Statement"][0];
    assert_eq!((&statement["Effect"], &statement["Principal"]), (&json!("Deny"), &json!("*")));
    assert_eq!(statement["Condition"], json!({"Bool": {"aws:SecureTransport": "false"}}));
}
