//! The error responses, which all routes share.

use domain::FieldError;
use door::problem::ProblemBody;
use serde_json::{Map, Value, json};

use super::{headers::headers, vocabulary::value};

/// Statuses that the gateway also returns itself, in its own format and without our headers.
const GATEWAYS: [u16; 4] = [413, 429, 500, 503];

/// Returns the response of each status. `schema` is the one of [`ProblemBody`].
pub(crate) fn responses(schema: &Value) -> Value {
    let mut all = Map::new();
    for (status, description) in [
        (308, "The name was the slug of a record that has another one now; `Location` has the new address."),
        (400, "The request is malformed."),
        (401, "The token is missing or invalid."),
        (403, "Access denied."),
        (404, "Not found. If several resources share the name, `errors` lists their slugs."),
        (409, "The request conflicts with the current state, or with another request."),
        (412, "The resource was changed since it was read."),
        (413, "The body is too large."),
        (414, "The query is too long."),
        (415, "The body is compressed, or its Content-Type is not JSON."),
        (422, "A field has an invalid value; `errors` names it."),
        (429, "Too many requests."),
        (500, "Internal server error."),
        (502, "PokeAPI's document cannot be used; `errors` names its field."),
        (
            503,
            "Temporarily unavailable; try again after Retry-After seconds. Code `busy`: too many changes to the same data at once, and nothing was changed.",
        ),
    ] {
        let mut response = json!({
            "description": description,
            "content": {"application/problem+json": {"schema": schema, "example": example(status)}},
        });
        if GATEWAYS.contains(&status) {
            let properties = json!({"message": {"type": "string"}});
            response["content"]["application/json"] = json!({
                "schema": {"type": "object", "properties": properties, "required": ["message"]},
                "example": {"message": gateways(status)},
            });
        } else {
            response["headers"] = headers(match status {
                308 => &["Location"],
                401 => &["WWW-Authenticate"],
                _ => &[],
            });
        }
        if status == 503 || status == 429 {
            response["headers"] = json!({"Retry-After": {"$ref": "#/components/headers/Retry-After"}});
        }
        all.insert(status.to_string(), response);
    }
    Value::Object(all)
}

fn example(status: u16) -> Value {
    let (code, detail, errors) = match status {
        308 => ("renamed", "Pokémon pikachoo is now called pikachu", Vec::new()),
        400 => (
            "bad_request",
            "search is not valid UTF-8",
            vec![FieldError::new("search", "is not valid UTF-8")],
        ),
        401 => ("invalid_token", "Invalid access token", Vec::new()),
        403 => ("forbidden", "Access denied", Vec::new()),
        404 => ("not_found", "Pokémon pikachoo not found", Vec::new()),
        409 => {
            ("username_taken", "Username already exists", vec![FieldError::new("username", "already exists")])
        }
        412 => {
            ("precondition_failed", "The profile was changed since it was read, please reload it", Vec::new())
        }
        413 => ("body_too_large", "The request body is larger than 1048576 bytes", Vec::new()),
        414 => (
            "query_too_long",
            "The query string is longer than 8192 bytes",
            vec![FieldError::new("query", "is too long")],
        ),
        415 => (
            "unsupported_media_type",
            "content-type must be application/json",
            vec![FieldError::new("content-type", "must be application/json")],
        ),
        422 => {
            let message = "must be a whole number from 1 up";
            (
                "validation_failed",
                "page must be a whole number from 1 up",
                vec![FieldError::new("page", message)],
            )
        }
        502 => (
            "pokeapi_invalid_document",
            "The document pokemon/25 of PokeAPI is not valid: stats. Pokémon 25 was not refreshed",
            vec![FieldError::new("stats", "is not valid in pokemon/25")],
        ),
        429 => ("rate_limited", "Too many requests, please try again in 12 seconds", Vec::new()),
        500 => ("internal", "Internal server error", Vec::new()),
        _ => ("unavailable", "Service temporarily unavailable, please try again later", Vec::new()),
    };
    let status = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    value(ProblemBody {
        problem_type: format!("urn:pokedex:problem:{code}"),
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail,
        code,
        message: detail,
        request_id: "0b7e3f0c9d5a4e6f8a1b2c3d4e5f6071",
        errors: &errors,
    })
}

/// Returns the message that API Gateway sends when it rejects a request itself.
fn gateways(status: u16) -> &'static str {
    match status {
        413 => "Request Entity Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        _ => "Service Unavailable",
    }
}
