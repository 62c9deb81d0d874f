//! One sample event per route, for `cargo lambda invoke` and `sam local invoke`.

use api::{jobs::JOBS, routes};
use door::route::{Access, DEFAULT, Spec};
use serde_json::{Value, json};
use tests::{event, root, sample_event};

/// Releases are probed with this event: without a task, the event would start the job.
#[test]
fn each_job_has_an_event_that_only_checks() {
    for job in JOBS {
        assert_eq!(sample_event(&format!("check-{}", job.name)), json!({"task": "check"}), "{}", job.name);
    }
}

#[test]
fn each_event_is_one_that_the_http_api_would_send_to_that_route() {
    for route in routes::all() {
        assert_request(&event(&route), &route.spec);
    }
}

/// A new route has no event yet: `cargo xtask generate` writes one.
#[test]
fn a_missing_event_is_generated_as_the_http_api_would_send_it() {
    let copy = tempfile::tempdir().expect("a folder");
    for path in [
        "template.yaml",
        "infra/accesses.json",
        "infra/transactions.json",
        "infra/edge.yaml",
        "infra/edge/requests.js",
        "infra/edge/pages.js",
        "tests/budget.json",
        "docs/operations.md",
        "infra/data.yaml",
        "infra/edge-global.yaml",
        "infra/prices.json",
        "infra/traffic.json",
        "deploy/stacks.toml",
    ] {
        let to = copy.path().join(path);
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        std::fs::copy(root().join(path), to).expect("a copy");
    }
    let files = infra::generate(copy.path()).expect("the files can be generated");
    let generated = |name: &str| -> Value {
        let path = format!("events/{name}.json");
        let file = files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("no {path}"));
        serde_json::from_str(&file.text).expect("JSON")
    };
    for route in routes::all() {
        assert_request(&generated(route.spec.name), &route.spec);
    }
    for job in JOBS {
        assert_eq!(generated(&format!("check-{}", job.name)), json!({"task": "check"}));
    }
}

/// Asserts that the HTTP API would send `event` to the route.
fn assert_request(event: &Value, spec: &Spec) {
    let key =
        if spec.path == DEFAULT { DEFAULT.to_owned() } else { format!("{} {}", spec.method, spec.path) };
    assert_eq!(event["version"], "2.0", "{}", spec.name);
    assert_eq!((&event["routeKey"], &event["requestContext"]["routeKey"]), (&json!(key), &json!(key)));
    assert_eq!(event["rawPath"], event["requestContext"]["http"]["path"], "{}", spec.name);
    assert_eq!(event["requestContext"]["http"]["method"], spec.method.as_str(), "{}", spec.name);
    let shown = event["headers"]["authorization"].as_str();
    let expected = match spec.access {
        Access::Public | Access::Refresh => None,
        Access::Session | Access::User | Access::Owner | Access::OwnerOrAdmin => Some("Bearer ACCESS_TOKEN"),
        Access::Admin => Some("Bearer ADMIN_TOKEN"),
    };
    assert_eq!(shown, expected, "{}: a placeholder where a token belongs, and nowhere else", spec.name);
    let path = event["rawPath"].as_str().expect("a path");
    assert_eq!(spec.matches(path), spec.path != DEFAULT, "{}: {path}", spec.name);
    let (template, segments) = (spec.path.split('/'), path.split('/'));
    let parameters = template.zip(segments).filter(|(template, _)| template.starts_with('{'));
    let parameters: Value =
        parameters.map(|(template, segments)| (template.trim_matches(['{', '}']), segments)).collect();
    let sent = event.get("pathParameters").cloned().unwrap_or(json!({}));
    assert_eq!(sent, parameters, "{}", spec.name);
    // The types of AWS's own crate can read it too.
    let typed: lambda_http::request::LambdaRequest =
        serde_json::from_value(event.clone()).unwrap_or_else(|error| panic!("{}: {error}", spec.name));
    assert!(matches!(typed, lambda_http::request::LambdaRequest::ApiGatewayV2(_)), "{}", spec.name);
}
