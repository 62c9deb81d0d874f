//! The OpenAPI 3.1 description, generated from the table of routes and the types that handlers answer with.

mod examples;
mod operations;

use http::StatusCode;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    problem::ProblemBody,
    routes::{DEFAULT, SPECS, Spec},
};
use operations::{Answer, Operation};

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
                itself refuses (413, 429, 503, time-outs) has only a `message`.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "responses": problems(&serde_json::to_value(problem).unwrap_or_default()),
        },
    })
}

fn operation(spec: &Spec, generator: &mut SchemaGenerator) -> Value {
    let Operation { tag, description, parameters, answer, refusals } = operations::of(spec.name, generator);
    let mut responses = Map::new();
    let Answer { schema, example, cached } = answer;
    let mut ok = json!({
        "description": "OK",
        "content": {"application/json": {"schema": schema, "example": example}},
    });
    if cached {
        ok["headers"] = json!({
            "ETag": {"schema": {"type": "string"}},
            "Cache-Control": {"schema": {"type": "string"}},
        });
        responses.insert("304".to_owned(), json!({"description": "The client's copy is still good."}));
    }
    responses.insert("200".to_owned(), ok);
    // Any route: a query that is not UTF-8, a bad token, a query that is too long.
    for status in [400, 401, 414].iter().chain(refusals) {
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

fn problems(schema: &Value) -> Value {
    let mut all = Map::new();
    for (status, description) in [
        (400, "The request cannot be understood."),
        (401, "The access token is not valid."),
        (404, "There is no such thing."),
        (414, "The query is too long."),
        (422, "A field is wrong; `errors` names it."),
        (503, "Not available right now; try again after Retry-After seconds."),
    ] {
        let mut response = json!({
            "description": description,
            "content": {"application/problem+json": {"schema": schema, "example": examples::problem(status)}},
        });
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response["headers"] = json!({"Retry-After": {"schema": {"type": "integer"}}});
        }
        all.insert(status.to_string(), response);
    }
    Value::Object(all)
}
