//! The response headers.

use serde_json::{Value, json};

/// Returns the headers of every response that our functions send, and `more`.
pub(crate) fn headers(more: &[&str]) -> Value {
    let names = ["X-Request-ID", "X-API-Version", "Cache-Control"].iter().chain(more);
    let references =
        names.map(|name| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")})));
    Value::Object(references.collect())
}

fn required(description: &str, schema: &Value) -> Value {
    json!({"description": description, "required": true, "schema": schema})
}

/// Returns the definitions that the references of [`headers`] name.
pub(crate) fn definitions() -> Value {
    json!({
        "X-Request-ID": required(
            "The client's request id if it is well-formed, otherwise a generated one",
            &json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"}),
        ),
        "X-API-Version": required("The version of the API", &json!({"type": "string", "const": "v1"})),
        "Cache-Control": required("The caching rules of the response", &json!({"type": "string"})),
        "ETag": required("The entity tag of the response", &json!({"type": "string", "pattern": "^\"[0-9a-f]{16}\"$"})),
        "Location": required("The new path, with the query of the request", &json!({"type": "string"})),
        "WWW-Authenticate": required("The accepted authentication scheme", &json!({"type": "string"})),
        "X-RateLimit-Limit": required("The largest number of requests at once", &json!({"type": "integer", "minimum": 1})),
        "X-RateLimit-Remaining": required("The number of requests left", &json!({"type": "integer", "minimum": 0})),
        "X-RateLimit-Reset": required("Seconds until the full limit is available again", &json!({"type": "integer", "minimum": 0})),
        // The gateway's own 503 has no such header.
        "Retry-After": {"description": "Seconds to wait before the next attempt", "schema": {"type": "integer", "minimum": 0}},
    })
}
