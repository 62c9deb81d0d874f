//! The tags of every resource.

use serde_json::{Value, json};

pub(crate) fn tags() -> Value {
    json!([{"Key": "app", "Value": "pokedex"}, {"Key": "env", "Value": {"Ref": "Environment"}}])
}

/// The same in the notation of API Gateway.
pub(crate) fn tags_by_name() -> Value {
    json!({"app": "pokedex", "env": {"Ref": "Environment"}})
}
