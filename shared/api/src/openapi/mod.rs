//! The OpenAPI 3.1 description, generated from the table of routes, the `docs` module of each noun, and the types that handlers return.

mod headers;
mod problems;
pub(crate) mod vocabulary;

use http::Method;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::routes;
use door::problem::ProblemBody;
use door::route::{Access, Authorization, Idempotency, Spec};
use headers::headers;
use vocabulary::{Answer, Body, Operation, idempotency_key};

/// Statuses that any route may return: for a query that is not UTF-8, a request that bypasses the CDN, a body or a query that is too
/// long, too many requests at once, an internal error, and a dependency that does not respond.
const ANY: [u16; 7] = [400, 403, 413, 414, 429, 500, 503];
/// Additional statuses of routes that read the `Authorization` header: for an invalid token, and a token of another kind.
const OF_TOKENS: [u16; 2] = [401, 422];

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
    for (spec, operation) in routes::operations(&mut generator) {
        let path = paths.entry(spec.path).or_insert_with(|| json!({}));
        path[spec.method.as_str().to_ascii_lowercase()] = assemble(spec, operation);
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
            "headers": headers::definitions(),
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An access token, returned by registration, login and refresh; valid for 15 minutes.",
            }},
            "responses": problems::responses(&serde_json::to_value(problem).unwrap_or_default()),
        },
    })
}

/// Joins the columns of a route with its operation.
fn assemble(spec: &Spec, operation: Operation) -> Value {
    let Operation { tag, description, mut parameters, body, answers, refusals } = operation;
    if spec.idempotency != Idempotency::Ignored {
        parameters.push(idempotency_key());
    }
    let mut assembled = json!({
        "operationId": spec.name,
        "tags": [tag],
        "summary": spec.summary,
        "description": description,
        "parameters": parameters,
        "responses": responses(spec, answers, refusals),
    });
    if let Some(Body { schema, example, required }) = body {
        assembled["requestBody"] = json!({
            "required": required,
            "content": {"application/json": {"schema": schema, "example": example}},
        });
    }
    assembled["security"] = match (spec.access, spec.authorization) {
        (_, Authorization::Ignored) => json!([]),
        (Access::Refresh, _) => json!([{}]),
        (_, Authorization::ByHandler) => json!([{}, {"bearer": []}]),
        (_, Authorization::Checked) => json!([{"bearer": []}]),
    };
    assembled
}

/// Returns the responses of a route, by status.
fn responses(spec: &Spec, answers: Vec<Answer>, refusals: &[u16]) -> Map<String, Value> {
    let limits: &[&str] = match spec.limit {
        // Signing out of a session that has ended takes no token, so its response has none of these headers.
        Some(_) if spec.access != Access::Session => {
            &["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
        }
        _ => &[],
    };
    let mut responses = Map::new();
    for Answer { status, description, content, headers: extra, cached } in answers {
        if cached {
            let not_modified =
                json!({"description": "The client's copy is still valid.", "headers": headers(&["ETag"])});
            responses.insert("304".to_owned(), not_modified);
        }
        let mut headers = headers(if cached { &["ETag"] } else { limits });
        for (name, header) in extra {
            headers[name] = header;
        }
        let response = json!({"description": description, "headers": headers, "content": content});
        responses.insert(status.to_string(), response);
    }
    let of_tokens: &[u16] = if spec.authorization == Authorization::Ignored { &[] } else { &OF_TOKENS };
    let of_body: &[u16] = if spec.method == Method::GET { &[] } else { &[415] };
    for status in ANY.iter().chain(of_tokens).chain(of_body).chain(refusals) {
        let reference = json!({"$ref": format!("#/components/responses/{status}")});
        responses.insert(status.to_string(), reference);
    }
    responses.sort_keys();
    responses
}
