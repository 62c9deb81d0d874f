//! The probes that a release must pass before it receives traffic.

use adapters::deployments::Deployments;
use api::{
    jobs::{JOBS, SYNC, VERIFICATION, probe::Probe, verification::verify},
    routes::{self, SPECS},
};
use http::Method;
use serde_json::{Value, json};
use tests::{SampleUsers, Tap, invoke_event};

/// The answer of the Lambda function of a route to an event.
async fn answer(users: &SampleUsers, url: &str, name: &str, event: &Value) -> Value {
    let route = routes::named(name).unwrap_or_else(|| panic!("{name} is a route"));
    let answer = invoke_event(&users.app(url), route, event).await;
    json!({"statusCode": answer.status.as_u16(), "body": String::from_utf8_lossy(&answer.body)})
}

#[tokio::test]
async fn every_route_passes_its_probe_and_a_probe_changes_nothing() {
    let users = SampleUsers::new().await;
    let tap = Tap::on(&users.url).await;
    for spec in SPECS {
        let probe = Probe::of(spec.name, None).unwrap_or_else(|| panic!("{} has a probe", spec.name));
        let answer = answer(&users, &tap.url, spec.name, &probe.event).await;
        assert_eq!(probe.compare(&answer), Ok(()), "{}", spec.name);
        for call in tap.take() {
            // Rate limits count requests of strangers, and nothing else is written.
            let is_limit = call.operation == "UpdateItem"
                && call.body["Key"]["pk"]["S"].as_str().is_some_and(|key| key.starts_with("LIMIT#"));
            let reads = ["GetItem", "BatchGetItem", "Query"].contains(&call.operation.as_str());
            assert!(reads || is_limit, "the probe of {}: {call:?}", spec.name);
        }
    }
}

#[tokio::test]
async fn a_route_without_its_database_fails_its_probe() {
    let users = SampleUsers::new().await;
    let tap = Tap::on(&users.url).await;
    tap.set_down(true);
    for name in ["list-pokemon", "get-pokemon", "get-type", "get-jwks"] {
        let probe = Probe::of(name, None).expect("a probe");
        let failed = probe.compare(&answer(&users, &tap.url, name, &probe.event).await).expect_err(name);
        assert!(failed.contains("answered 503") && failed.contains("instead of 200"), "{name}: {failed}");
    }
}

#[test]
fn an_answer_that_is_not_the_expected_one_fails() {
    let probe = Probe::of(SYNC.name, None).expect("a probe");
    assert_eq!(probe.event, json!({"task": "check"}), "it must not start a sync");
    assert_eq!(probe.compare(&json!({"outcome": "checked"})), Ok(()));
    assert!(probe.compare(&json!({"outcome": "synced"})).is_err());
    for private in SPECS.iter().filter(|spec| spec.path.contains("/users/") || spec.path.contains("/admin/"))
    {
        let probe = Probe::of(private.name, None).expect("a probe");
        assert!(probe.compare(&json!({"statusCode": 401, "body": ""})).is_ok(), "{}", private.name);
        for status in [200, 403, 404, 422, 500, 503] {
            assert!(
                probe.compare(&json!({"statusCode": status, "body": ""})).is_err(),
                "{}: {status}",
                private.name
            );
        }
        assert!(probe.compare(&json!({"errorMessage": "exited"})).is_err(), "{}", private.name);
    }
    assert_eq!(Probe::of("get-nothing", None), None);
}

#[test]
fn a_probe_names_the_edge_and_no_caller() {
    for job_or_route in SPECS.iter().map(|spec| spec.name).chain(JOBS.iter().map(|job| job.name)) {
        let event = Probe::of(job_or_route, Some("value")).expect("a probe").event;
        let text = event.to_string();
        assert!(!text.contains("TOKEN") && !text.contains("Bearer"), "{job_or_route}: {text}");
        if event.get("task").is_none() {
            assert_eq!(event["headers"]["x-origin-verify"], "value", "{job_or_route}");
            let method =
                event["requestContext"]["http"]["method"].as_str().and_then(|method| method.parse().ok());
            assert_eq!(event["body"] == "{}", method != Some(Method::GET), "{job_or_route}");
        }
    }
}

#[tokio::test]
async fn an_event_that_is_not_of_a_deployment_is_refused() {
    let users = SampleUsers::new().await;
    let (config, deployments) = (users.config(), Deployments::from_environment());
    for (event, reason) in [
        (json!({}), "DeploymentId"),
        (json!({"DeploymentId": "d-1"}), "LifecycleEventHookExecutionId"),
        (json!({"DeploymentId": 1, "LifecycleEventHookExecutionId": "e"}), "invalid type"),
        (json!({"task": "deploy"}), "task \"deploy\" is unknown"),
    ] {
        let refused = verify(&config, &deployments, &event).await.expect_err("no deployment").to_string();
        assert!(refused.contains(reason), "{event}: {refused}");
    }
    let checked = verify(&config, &deployments, &json!({"task": "check"})).await.expect("a check");
    assert_eq!(checked, json!({"outcome": "checked", "origin_verify": false}), "{}", VERIFICATION.name);
}
