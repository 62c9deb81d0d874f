//! The stacks of each environment, and the tables that local runs create from the same file.

use serde_json::{Value, json};
use tests::template;

/// Of a stack, once transformed.
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
            for expected in [
                format!("Environment={environment}"),
                format!("CatalogTableName=pokedex-{environment}-catalog"),
            ] {
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

/// Debugging lines hold what nobody should keep for long, and cost by the gigabyte.
#[test]
fn the_nearer_to_users_the_quieter_is_the_log() {
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
    assert_eq!(parameters.keys().collect::<Vec<_>>(), ["Environment", "CatalogTableName"]);
    assert_eq!(parameters["Environment"]["AllowedValues"], json!(["dev", "staging", "prod"]));
    assert_eq!(parameters["CatalogTableName"]["AllowedPattern"], "^[a-zA-Z0-9_.-]{3,255}$");
    for (id, resource) in data["Resources"].as_object().expect("resources") {
        assert_eq!(resource["Properties"]["TableName"], json!({"Ref": format!("{id}Name")}), "{id}");
    }
}

/// CloudFormation takes 500 resources in a stack; a transformed function is itself, its version, its alias and a permission for
/// each thing that starts it. The stage `templates` counts them once transformed.
#[test]
fn no_stack_comes_near_to_what_cloudformation_takes() {
    for file in ["template.yaml", "infra/data.yaml"] {
        let template = template(file);
        let resources = template["Resources"].as_object().expect("resources");
        let weight = |resource: &Value| match resource["Type"].as_str() {
            Some("AWS::Serverless::Function") => 5,
            Some("AWS::Serverless::HttpApi") => 2,
            _ => 1,
        };
        let weight: usize = resources.values().map(weight).sum();
        assert!(weight <= MOST_RESOURCES, "{file} has about {weight} resources, more than {MOST_RESOURCES}");
    }
}

#[test]
fn tables_are_global_tables_on_demand_with_one_replica() {
    let data = template("infra/data.yaml");
    for (id, resource) in data["Resources"].as_object().expect("resources") {
        assert_eq!(resource["Type"], "AWS::DynamoDB::GlobalTable", "{id}");
        let table = &resource["Properties"];
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{id}");
        assert_eq!(table["Replicas"].as_array().map(Vec::len), Some(1), "{id}");
        assert_eq!(table["SSESpecification"]["SSEEnabled"], true, "{id}");
    }
}

#[test]
fn keys_indexes_and_ttl_hold_no_intrinsics() {
    let data = template("infra/data.yaml");
    for (id, resource) in data["Resources"].as_object().expect("resources") {
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
