//! The stacks of each environment, and the tables that local runs create from the same file.

use serde_json::Value;
use tests::template;

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
