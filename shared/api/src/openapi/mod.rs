//! The OpenAPI 3.1 description, generated from the table of routes and the types that handlers answer with.

mod accounts;
mod examples;
mod operations;

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    problem::ProblemBody,
    routes::{Access, Authorization, DEFAULT, SPECS, Spec},
};
use operations::{Answer, Body, Operation};

/// Statuses that any route may answer: for a query that is not UTF-8, a request that bypasses the CDN, a body or a query that is too
/// long, too many requests at once, a fault of ours, and a dependency that does not answer.
const ANY: [u16; 7] = [400, 403, 413, 414, 429, 500, 503];
/// Statuses that routes which read the `Authorization` header may answer as well: for an invalid token, and a token of another kind.
const OF_TOKENS: [u16; 2] = [401, 422];
/// What the gateway answers by itself too, in a shape of its own and without our headers.
const GATEWAYS: [u16; 4] = [413, 429, 500, 503];

/// The description as it is committed: pretty, with a newline at the end.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// The description.
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
            "description": "Every Pokémon there is: lists, filters, search, evolutions, types, abilities and moves; \
                accounts and their favorites. \
                Errors are problem+json (RFC 9457) and always hold a `message` and a `request_id`; what the gateway \
                itself refuses (413, 429, 503, time-outs) has only a `message`. Another method of a path is 405 with \
                `Allow`, OPTIONS is 204; any other path is 404. An empty query parameter is as good as none.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "headers": header_definitions(),
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An access token, from registering, signing in or refreshing; good for a quarter of an hour.",
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
        // Signing out of a session that has ended takes nothing, and has none of them.
        Some(_) if spec.access != Access::Session => {
            &["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
        }
        _ => &[],
    };
    let mut ok = json!({
        "description": match status {
            201 => "Made",
            202 => "Where it is to be had",
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
    if ["update-profile", "update-user"].contains(&spec.name) {
        parameters.push(accounts::if_match());
    }
    if spec.takes_idempotency_keys() {
        parameters.push(accounts::idempotency_key());
    }
    if cached {
        let not_modified =
            json!({"description": "The client's copy is still good.", "headers": headers(&["ETag"])});
        responses.insert("304".to_owned(), not_modified);
    }
    responses.insert(status.to_string(), ok);
    for (status, description, content) in accounts::others(spec.name, generator) {
        let other = json!({"description": description, "headers": headers(limits), "content": content});
        responses.insert(status.to_string(), other);
    }
    let of_tokens: &[u16] = if spec.authorization == Authorization::Ignored { &[] } else { &OF_TOKENS };
    for status in ANY.iter().chain(of_tokens).chain(refusals) {
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

/// The headers of every answer of ours, and `more`.
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
            "The client's where it is well-formed, else ours",
            &json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"}),
        ),
        "X-API-Version": required("Of the contract", &json!({"type": "string", "const": "v1"})),
        "Cache-Control": required("How long a copy is good for", &json!({"type": "string"})),
        "ETag": required("Of this very answer", &json!({"type": "string", "pattern": "^\"[0-9a-f]{16}\"$"})),
        "WWW-Authenticate": required("Which tokens are taken", &json!({"type": "string"})),
        "X-RateLimit-Limit": required("How many may pass at once", &json!({"type": "integer", "minimum": 1})),
        "X-RateLimit-Remaining": required("How many more may pass now", &json!({"type": "integer", "minimum": 0})),
        "X-RateLimit-Reset": required("Seconds until all may pass again", &json!({"type": "integer", "minimum": 0})),
        // The gateway's own 503 has none.
        "Retry-After": {"description": "Seconds", "schema": {"type": "integer", "minimum": 0}},
    })
}

fn problems(schema: &Value) -> Value {
    let mut all = Map::new();
    for (status, description) in [
        (400, "The request cannot be understood."),
        (401, "No good token was shown."),
        (403, "Not for who asks."),
        (404, "There is no such thing."),
        (409, "Somebody else has it, or was faster."),
        (412, "It was changed since it was read."),
        (413, "The body is too long."),
        (414, "The query is too long."),
        (422, "A field is wrong; `errors` names it."),
        (429, "Too many requests at once."),
        (500, "Something went wrong on our side."),
        (503, "Not available right now; try again after Retry-After seconds."),
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
