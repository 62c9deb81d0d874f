//! The API description against the table of routes and against the actual responses.

use api::{
    Config,
    openapi::{document, text},
    routes::SPECS,
};
use door::route::DEFAULT;
use http::Method;
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use tests::{Answer, House, facts, invoke_event, is_for_everybody};

use crate::workshop::Home;

/// A validator of `schema` that also reports undocumented fields as errors.
fn validator(document: &Value, schema: &Value) -> Validator {
    let mut components = document["components"].clone();
    for schema in components["schemas"].as_object_mut().expect("schemas").values_mut() {
        if schema.get("properties").is_some() {
            schema["additionalProperties"] = json!(false);
        }
    }
    let whole = json!({"allOf": [schema], "components": components});
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options.build(&whole).unwrap_or_else(|error| panic!("{schema} is not a schema: {error}"))
}

fn assert_valid(document: &Value, schema: &Value, instance: &Value, what: &str) {
    let validator = validator(document, schema);
    let errors: Vec<String> = validator
        .iter_errors(instance)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .take(3)
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

/// The documented response of an operation for a status, with references resolved.
fn response<'a>(document: &'a Value, operation: &'a Value, status: &str) -> Option<&'a Value> {
    let response = operation["responses"].get(status)?;
    let Some(reference) = response["$ref"].as_str() else { return Some(response) };
    document.pointer(reference.strip_prefix('#')?)
}

fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let all = paths.iter().flat_map(|(path, operations)| {
        operations
            .as_object()
            .expect("operations")
            .iter()
            .map(|(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    all.collect()
}

#[test]
fn the_committed_description_is_the_generated_one() {
    let committed = tests::read("shared/api/openapi.json");
    assert!(committed == text(), "shared/api/openapi.json is stale: run `cargo xtask generate`");
}

#[test]
fn the_description_has_the_tables_routes_and_no_others() {
    let document = document();
    let mut described: Vec<_> = operations(&document)
        .into_iter()
        .map(|(path, method, operation)| {
            let id = operation["operationId"].as_str().unwrap();
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{id}");
            (id, method.to_uppercase(), path)
        })
        .collect();
    let mut table: Vec<_> = SPECS
        .iter()
        .filter(|spec| spec.path != DEFAULT)
        .map(|spec| (spec.name, spec.method.to_string(), spec.path))
        .collect();
    described.sort_unstable();
    table.sort_unstable();
    assert_eq!(described, table);
}

#[test]
fn every_example_is_valid() {
    let document = document();
    let mut checked = 0;
    let mut check = |schema: &Value, example: &Value, what: &str| {
        assert_valid(&document, schema, example, what);
        checked += 1;
    };
    for (path, _, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().unwrap() {
            check(&parameter["schema"], &parameter["example"], &format!("{} of {path}", parameter["name"]));
        }
        for status in operation["responses"].as_object().unwrap().keys() {
            let response =
                response(&document, operation, status).unwrap_or_else(|| panic!("{path}: {status}"));
            for content in response["content"].as_object().into_iter().flat_map(|all| all.values()) {
                // Files have no examples.
                if content["schema"] != json!({}) {
                    check(&content["schema"], &content["example"], &format!("{status} of {path}"));
                }
            }
        }
    }
    assert!(checked > 60, "only {checked} examples");
}

/// Asserts that `answer` matches the documentation of `operation`.
fn hold(document: &Value, operation: &str, answer: &Answer, what: &str) {
    let all = operations(document);
    let (_, _, operation) = all.iter().find(|(.., one)| one["operationId"] == operation).expect(operation);
    let status = answer.status.as_str();
    let documented =
        response(document, operation, status).unwrap_or_else(|| panic!("{what}: {status} is not documented"));
    let headers = documented["headers"].as_object().into_iter().flatten();
    for (name, _) in headers.filter(|(_, header)| header["required"] != false) {
        assert!(answer.header(name).is_some(), "{what}: {status} has no {name}");
    }
    match documented["content"].as_object().and_then(|content| content.iter().next()) {
        None => assert!(answer.body.is_empty(), "{what}: {status} has a body"),
        Some((kind, content)) => {
            assert_eq!(answer.header("content-type"), Some(kind.as_str()), "{what}");
            if kind == "application/zip" {
                return;
            }
            assert_valid(document, &content["schema"], &answer.json(), &format!("{status} of {what}"));
        }
    }
}

/// The responses of every route: to a valid request, and to requests that it rejects itself.
const REQUESTS: [(&str, &[&str]); 13] = [
    (
        "list-pokemon",
        &[
            "",
            "?forms=all&per_page=100&page=11",
            "?forms=all&per_page=100&page=13",
            "?page=99999",
            "?page=0&sort=x",
        ],
    ),
    ("list-types", &[""]),
    ("list-generations", &[""]),
    (
        "get-pokemon",
        &[
            "25",
            "unown?include=forms,moves",
            "koraidon-gliding-build",
            "zygarde-mega",
            "missingno",
            "1?include=x",
        ],
    ),
    ("get-evolutions", &["eevee", "munchlax", "tyrogue", "tauros", "missingno"]),
    ("get-type", &["fire", "stellar", "shadow", "unknown", "plasma"]),
    ("get-ability", &["static", "cacophony", "plasma"]),
    ("get-move", &["tackle", "growl", "shadow-rush", "tri-attack", "plasma"]),
    ("get-health", &[""]),
    ("get-readiness", &[""]),
    ("get-openapi", &[""]),
    ("get-version", &[""]),
    ("get-jwks", &[""]),
];

fn path_of(route: &str, request: &str) -> String {
    let spec = SPECS.iter().find(|spec| spec.name == route).expect(route);
    let (value, query) = request.split_once('?').unwrap_or((request, ""));
    let path = spec.path.replace("{id}", value).replace("{name}", value);
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

#[tokio::test]
async fn every_response_is_as_documented() {
    let document = document();
    let house = House::seeded().await;
    let outage = House::at("http://127.0.0.1:1", Config::new("nowhere")).await;
    for (route, requests) in REQUESTS {
        for request in requests {
            let path = path_of(route, request);
            let answer = house.get(&path).await;
            hold(&document, route, &answer, &path);
            let etag = answer.header("etag").unwrap_or("\"none\"").to_owned();
            let again = house.send(Method::GET, &path, &[("if-none-match", &etag)]).await;
            hold(&document, route, &again, &path);
        }
        let path = path_of(route, requests[0]);
        for answer in [
            house.get(&format!("{path}?x=%ff")).await,
            house.get(&format!("{path}?{}", "x".repeat(9000))).await,
            house.send(Method::GET, &path, &[("authorization", "Bearer x")]).await,
            outage.get(&path).await,
        ] {
            hold(&document, route, &answer, &path);
        }
    }
    let read = SPECS.iter().filter(|spec| is_for_everybody(spec)).count();
    assert_eq!(REQUESTS.len(), read - 1, "every route that everybody may read, but $default");
}

#[tokio::test]
async fn every_response_to_a_signed_in_user_is_as_documented() {
    let document = document();
    for route in api::routes::all().into_iter().filter(|route| !is_for_everybody(&route.spec)) {
        let users = Home::of(&route.spec).await;
        let (app, name) = (users.app(&users.url), route.spec.name);
        let event = users.fill(&tests::event(&route));
        let mut statuses = Vec::new();
        let mut ask = async |change: &dyn Fn(&mut Value)| {
            let mut event = event.clone();
            change(&mut event);
            let answer = invoke_event(&app, &route, &event).await;
            hold(&document, name, &answer, name);
            statuses.push(answer.status.as_u16());
        };
        ask(&|event| event["rawQueryString"] = json!("x=%ff")).await;
        ask(&|event| event["headers"]["authorization"] = json!("Bearer x")).await;
        ask(&|event| event["headers"]["authorization"] = json!("Bearer rt_x")).await;
        if event.get("body").is_some() {
            ask(&|event| event["body"] = json!("{\"nonsense\": 1}")).await;
            ask(&|event| event["body"] = json!("[]")).await;
            ask(&|event| event["body"] = json!(" ".repeat((1 << 20) + 1))).await;
        }
        ask(&|_| {}).await;
        // The second request is refused because the change is made already, or makes it again.
        ask(&|_| {}).await;
        assert!(statuses.iter().any(|status| (200..300).contains(status)), "{name}: {statuses:?}");
    }
}

#[tokio::test]
async fn every_type_and_generation_is_as_documented() {
    let document = document();
    let house = House::seeded().await;
    for kind in facts().types.values() {
        let answer = house.get(&format!("/api/v1/types/{}", kind.name)).await;
        hold(&document, "get-type", &answer, &kind.name);
    }
    for generation in facts().generations.keys() {
        let path = format!("/api/v1/pokemon?generation={generation}&per_page=100&forms=all");
        hold(&document, "list-pokemon", &house.get(&path).await, &path);
    }
}

/// Documented bounds and choices are the actual ones.
#[tokio::test]
async fn every_documented_parameter_has_its_documented_bounds() {
    let document = document();
    let house = House::seeded().await;
    for (path, route) in [("/api/v1/pokemon", "list-pokemon"), ("/api/v1/pokemon/25", "get-pokemon")] {
        let all = operations(&document);
        let (_, _, operation) = all.iter().find(|(.., one)| one["operationId"] == route).unwrap();
        for parameter in operation["parameters"].as_array().unwrap().iter().filter(|one| one["in"] == "query")
        {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let ask = async |value: &str| house.get(&format!("{path}?{name}={value}")).await.status.as_u16();
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let examples = parameter["example"]
                .as_array()
                .map_or(std::slice::from_ref(&parameter["example"]), Vec::as_slice);
            let choices = schema["enum"].as_array().map(Vec::as_slice).unwrap_or_default();
            for value in examples.iter().chain(choices) {
                assert_eq!(ask(&text(value)).await, 200, "{name}={value} of {path}");
            }
            if !choices.is_empty() {
                assert_eq!(ask("neither").await, 422, "{name} of {path}");
            }
            for (bound, outside) in [("minimum", -1), ("maximum", 1)] {
                let Some(bound) = schema[bound].as_i64() else { continue };
                if name != "generation" {
                    assert_eq!(ask(&bound.to_string()).await, 200, "{name}={bound} of {path}");
                }
                assert_eq!(ask(&(bound + outside).to_string()).await, 422, "{name} of {path}");
            }
            if let Some(longest) = schema["maxLength"].as_u64() {
                assert_eq!(ask(&"x".repeat(longest as usize)).await, 200, "{name} of {path}");
                assert_eq!(ask(&"x".repeat(longest as usize + 1)).await, 422, "{name} of {path}");
            }
        }
    }
}
