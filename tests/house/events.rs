//! One sample event per route, for `cargo lambda invoke` and `sam local invoke`.

use api::{jobs::JOBS, routes};
use door::route::{Access, DEFAULT};
use serde_json::{Value, json};
use tests::{event, sample_event};

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
        let (event, spec) = (event(&route), route.spec);
        let key =
            if spec.path == DEFAULT { DEFAULT.to_owned() } else { format!("{} {}", spec.method, spec.path) };
        assert_eq!(event["version"], "2.0", "{}", spec.name);
        assert_eq!((&event["routeKey"], &event["requestContext"]["routeKey"]), (&json!(key), &json!(key)));
        assert_eq!(event["rawPath"], event["requestContext"]["http"]["path"], "{}", spec.name);
        assert_eq!(event["requestContext"]["http"]["method"], spec.method.as_str(), "{}", spec.name);
        let shown = event["headers"]["authorization"].as_str();
        let expected = match spec.access {
            Access::Public | Access::Refresh => None,
            Access::Session | Access::User | Access::Owner | Access::OwnerOrAdmin => {
                Some("Bearer ACCESS_TOKEN")
            }
            Access::Admin => Some("Bearer ADMIN_TOKEN"),
        };
        assert_eq!(shown, expected, "{}: a placeholder where a token belongs, and nowhere else", spec.name);
        let path = event["rawPath"].as_str().expect("a path");
        assert_eq!(spec.matches(path), spec.path != DEFAULT, "{}: {path}", spec.name);
        let (own, given) = (spec.path.split('/'), path.split('/'));
        let parameters = own.zip(given).filter(|(own, _)| own.starts_with('{'));
        let parameters: Value =
            parameters.map(|(own, given)| (own.trim_matches(['{', '}']), given)).collect();
        let sent = event.get("pathParameters").cloned().unwrap_or(json!({}));
        assert_eq!(sent, parameters, "{}", spec.name);
        // The types of AWS's own crate can read it too.
        let typed: lambda_http::request::LambdaRequest =
            serde_json::from_value(event).unwrap_or_else(|error| panic!("{}: {error}", spec.name));
        assert!(matches!(typed, lambda_http::request::LambdaRequest::ApiGatewayV2(_)), "{}", spec.name);
    }
}
