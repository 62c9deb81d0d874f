//! The OpenAPI operations of the description and the version, with their examples.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::Version;
use crate::openapi::vocabulary::{Answer, Operation, answer, value};

pub(crate) fn openapi(_: &mut SchemaGenerator) -> Operation {
    let schema = json!({"type": "object", "required": ["openapi", "paths"]});
    let answer = Answer::json(&schema, &json!({"openapi": "3.1.0", "paths": {}}));
    Operation::new("operation", "This OpenAPI 3.1 description.", answer)
}

pub(crate) fn version(generator: &mut SchemaGenerator) -> Operation {
    let answer = answer::<Version>(generator, example_version()).fresh();
    Operation::new("operation", "The versions of the program and of the API.", answer)
}

fn example_version() -> Value {
    let release = "0123456789abcdef".to_owned();
    value(Version { name: "pokedex", version: env!("CARGO_PKG_VERSION"), api: "v1", release })
}
