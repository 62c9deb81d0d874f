//! The OpenAPI 3.1 description, generated from the table of routes and the types that handlers return.

mod accounts;
mod examples;
mod operations;

use http::Method;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::routes::SPECS;
use door::problem::ProblemBody;
use door::route::{Access, Authorization, DEFAULT, Idempotency, Spec};
use operations::{Answer, Body, Operation};

/// Statuses that any route may return: for a query that is not UTF-8, a request that bypasses the CDN, a body or a query that is too
/// long, too many requests at once, an internal error, and a dependency that does not respond.
const ANY: [u16; 7] = [400, 403, 413, 414, 429, 500, 503];
/// Additional statuses of routes that read the `Authorization` header: for an invalid token, and a token of another kind.
const OF_TOKENS: [u16; 2] = [401, 422];
/// Statuses that the gateway also returns itself, in its own format and without our headers.
const GATEWAYS: [u16; 4] = [413, 429, 500, 503];

/// Returns the description as it is committed: pretty-printed, with a newline at the end.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// Returns the description.
#[must_use]
pub fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.meta_schema = None;
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<ProblemBody<'static>>();

    let mut paths = Map::new();
    for spec in SPECS.iter().filter(|spec| spec.path != DEFAULT) {
        let operation = operation(spec, &mut generator);
        let path = paths.entry(spec.path).or_insert_with(|| json!({}));
        path[spec.method.as_str().to_ascii_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Pokédex",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "All Pokémon: lists, filters, search, evolutions, types, abilities and moves; accounts and their favorites. \
                Errors are problem+json (RFC 9457) and always have a `message` and a `request_id`; errors that the gateway \
                itself returns (413, 429, 503, time-outs) have only a `message`. HEAD is GET without a body. \
                Another method of a path is 405 with `Allow`, OPTIONS is 204; any other path is 404. A body is JSON: \
                another Content-Type and a compressed body are 415, an absent Content-Type is read as JSON. \
                An empty query parameter is ignored.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "headers": header_definitions(),
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An access token, returned by registration, login and refresh; valid for 15 minutes.",
            }},
            "responses": problems(&serde_json::to_value(problem).unwrap_or_default()),
        },
    })
}

fn operation(spec: &Spec, generator: &mut SchemaGenerator) -> Value {
    let Operation { tag, description, mut parameters, body, answer, refusals } =
        operations::of(spec.name, generator);
    let mut responses = Map::new();
    let Answer { status, schema, example, cached } = answer;
    let limits: &[&str] = match spec.limit {
        // Signing out of a session that has ended takes no token, so its response has none of these headers.
        Some(_) if spec.access != Access::Session => {
            &["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
        }
        _ => &[],
    };
    let mut ok = json!({
        "description": match status {
            201 => "Created",
            202 => "Accepted: the location of the file",
            _ => "OK",
        },
        "headers": headers(if cached { &["ETag"] } else { limits }),
        "content": {"application/json": {"schema": schema, "example": example}},
    });
    if spec.name == "list-pokemon" {
        ok["headers"]["ETag"] = json!({
            "description": "Of this answer; absent with `sort=favorites`, which must not be cached",
            "schema": {"type": "string"},
        });
    }
    if ["get-pokemon", "get-evolutions", "get-type", "get-ability", "get-move"].contains(&spec.name) {
        ok["headers"]["Content-Location"] = json!({
            "description": "The canonical path, where the request has another",
            "required": false,
            "schema": {"type": "string"},
        });
    }
    if ["update-profile", "update-user"].contains(&spec.name) {
        parameters.push(accounts::if_match());
    }
    if spec.idempotency != Idempotency::Ignored {
        parameters.push(accounts::idempotency_key());
    }
    if cached {
        let not_modified =
            json!({"description": "The client's copy is still valid.", "headers": headers(&["ETag"])});
        responses.insert("304".to_owned(), not_modified);
    }
    responses.insert(status.to_string(), ok);
    for (status, description, content) in accounts::others(spec.name, generator) {
        let other = json!({"description": description, "headers": headers(limits), "content": content});
        responses.insert(status.to_string(), other);
    }
    let of_tokens: &[u16] = if spec.authorization == Authorization::Ignored { &[] } else { &OF_TOKENS };
    let of_body: &[u16] = if spec.method == Method::GET { &[] } else { &[415] };
    for status in ANY.iter().chain(of_tokens).chain(of_body).chain(refusals) {
        let reference = json!({"$ref": format!("#/components/responses/{status}")});
        responses.insert(status.to_string(), reference);
    }
    responses.sort_keys();
    let mut operation = json!({
        "operationId": spec.name,
        "tags": [tag],
        "summary": spec.summary,
        "description": description,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(Body { schema, example, required }) = body {
        operation["requestBody"] = json!({
            "required": required,
            "content": {"application/json": {"schema": schema, "example": example}},
        });
    }
    operation["security"] = match (spec.access, spec.authorization) {
        (_, Authorization::Ignored) => json!([]),
        (Access::Refresh, _) => json!([{}]),
        (_, Authorization::ByHandler) => json!([{}, {"bearer": []}]),
        (_, Authorization::Checked) => json!([{"bearer": []}]),
    };
    operation
}

/// Returns the headers of every response that our functions send, and `more`.
fn headers(more: &[&str]) -> Value {
    let names = ["X-Request-ID", "X-API-Version", "Cache-Control"].iter().chain(more);
    let references =
        names.map(|name| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")})));
    Value::Object(references.collect())
}

fn required(description: &str, schema: &Value) -> Value {
    json!({"description": description, "required": true, "schema": schema})
}

fn header_definitions() -> Value {
    json!({
        "X-Request-ID": required(
            "The client's request id if it is well-formed, otherwise a generated one",
            &json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"}),
        ),
        "X-API-Version": required("The version of the contract", &json!({"type": "string", "const": "v1"})),
        "Cache-Control": required("How long the response may be cached", &json!({"type": "string"})),
        "ETag": required("The entity tag of the response", &json!({"type": "string", "pattern": "^\"[0-9a-f]{16}\"$"})),
        "WWW-Authenticate": required("The accepted authentication scheme", &json!({"type": "string"})),
        "X-RateLimit-Limit": required("The largest number of requests at once", &json!({"type": "integer", "minimum": 1})),
        "X-RateLimit-Remaining": required("The number of requests left", &json!({"type": "integer", "minimum": 0})),
        "X-RateLimit-Reset": required("Seconds until the full limit is available again", &json!({"type": "integer", "minimum": 0})),
        // The gateway's own 503 has no such header.
        "Retry-After": {"description": "Seconds to wait before the next try", "schema": {"type": "integer", "minimum": 0}},
    })
}

fn problems(schema: &Value) -> Value {
    let mut all = Map::new();
    for (status, description) in [
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
            "content": {"application/problem+json": {"schema": schema, "example": examples::problem(status)}},
        });
        if GATEWAYS.contains(&status) {
            let properties = json!({"message": {"type": "string"}});
            response["content"]["application/json"] = json!({
                "schema": {"type": "object", "properties": properties, "required": ["message"]},
                "example": {"message": examples::gateways(status)},
            });
        } else {
            response["headers"] = headers(if status == 401 { &["WWW-Authenticate"] } else { &[] });
        }
        if status == 503 || status == 429 {
            response["headers"] = json!({"Retry-After": {"$ref": "#/components/headers/Retry-After"}});
        }
        all.insert(status.to_string(), response);
    }
    Value::Object(all)
}
