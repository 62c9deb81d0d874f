//! The OpenAPI 3.1 description, generated from the table of routes and the types that handlers answer with.

mod examples;
mod operations;

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    problem::ProblemBody,
    routes::{DEFAULT, SPECS, Spec},
};
use operations::{Answer, Operation};

/// What any route may answer: a query that is not UTF-8, a bad token, a body or a query that is too long, too many
/// requests at once, and what must not happen.
const ANY: [u16; 6] = [400, 401, 413, 414, 429, 500];
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
            "description": "Every Pokémon there is: lists, filters, search, evolutions, types, abilities and moves. \
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
            "responses": problems(&serde_json::to_value(problem).unwrap_or_default()),
        },
    })
}

fn operation(spec: &Spec, generator: &mut SchemaGenerator) -> Value {
    let Operation { tag, description, parameters, answer, refusals } = operations::of(spec.name, generator);
    let mut responses = Map::new();
    let Answer { schema, example, cached } = answer;
    let ok = json!({
        "description": "OK",
        "headers": headers(if cached { &["ETag"] } else { &[] }),
        "content": {"application/json": {"schema": schema, "example": example}},
    });
    if cached {
        let not_modified =
            json!({"description": "The client's copy is still good.", "headers": headers(&["ETag"])});
        responses.insert("304".to_owned(), not_modified);
    }
    responses.insert("200".to_owned(), ok);
    for status in ANY.iter().chain(refusals) {
        let reference = json!({"$ref": format!("#/components/responses/{status}")});
        responses.insert(status.to_string(), reference);
    }
    responses.sort_keys();
    json!({
        "operationId": spec.name,
        "tags": [tag],
        "summary": spec.summary,
        "description": description,
        "parameters": parameters,
        "responses": responses,
    })
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
        // The gateway's own 503 has none.
        "Retry-After": {"description": "Seconds", "schema": {"type": "integer", "minimum": 0}},
    })
}

fn problems(schema: &Value) -> Value {
    let mut all = Map::new();
    for (status, description) in [
        (400, "The request cannot be understood."),
        (401, "The access token is not valid."),
        (404, "There is no such thing."),
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
        if status == 503 {
            response["headers"] = json!({"Retry-After": {"$ref": "#/components/headers/Retry-After"}});
        }
        all.insert(status.to_string(), response);
    }
    Value::Object(all)
}
