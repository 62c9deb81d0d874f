//! The steps of both journeys.

use std::time::Duration;

use adapters::{
    aws,
    store::{Meter, accounts::AccountStore},
};
use api::jobs::journeys::Memory;
use http::Method;
use serde_json::json;
use tests::{Broken, SECRETS, Tap};

use super::support::Stage;

#[tokio::test]
async fn a_run_passes_and_leaves_nothing_behind() {
    let (stage, memory) = (Stage::new().await, Memory::default());
    let first = stage.passes(&memory).await;
    assert_eq!(first["user"]["played"], json!({"part": "signed-in", "account": "first"}));
    let second = stage.passes(&memory).await;
    assert_eq!(second["user"]["played"], json!({"part": "refreshed"}));
    assert_eq!((&second["reader"]["steps"], &second["user"]["steps"]), (&json!(7), &json!(4)));
    assert_eq!(second["reader"]["old"], json!([]));
    assert_eq!(stage.favorites().await, 0);
    let account = stage.users.accounts.user(&Meter::default(), stage.account().await).await;
    assert!(!account.expect("a read").expect("a user").user.is_admin);
    // Neither report contains a password, a token or a name.
    let credentials = stage.credentials().await;
    for report in [first, second].map(|report| report.to_string()) {
        let own = ["username", "password"].map(|field| credentials[field].as_str().expect("a text"));
        for secret in SECRETS.iter().copied().chain(own) {
            assert!(!report.contains(secret), "{secret}: {report}");
        }
    }
}

#[tokio::test]
async fn a_broken_route_fails_the_step_that_uses_it() {
    let (stage, memory) = (Stage::new().await, Memory::default());
    stage.passes(&memory).await;
    for (journey, step, method, path) in [
        ("reader", "health", Method::GET, "/api/v1/health"),
        ("reader", "readiness", Method::GET, "/api/v1/health/ready"),
        ("reader", "list", Method::GET, "/api/v1/pokemon"),
        ("reader", "pokemon", Method::GET, "/api/v1/pokemon/"),
        ("reader", "unknown", Method::GET, "/api/v1/pokemon/missingno"),
        ("user", "refresh", Method::POST, "/api/v1/auth/refresh"),
        ("user", "profile", Method::GET, "/api/v1/auth/profile"),
        ("user", "add-favorite", Method::POST, "/api/v1/users/"),
        ("user", "remove-favorite", Method::DELETE, "/api/v1/users/"),
    ] {
        stage.front.break_route(method, path, Broken::Status(500));
        let failed = stage.fails(&memory).await;
        assert_eq!((&failed["journey"], &failed["step"]), (&json!(journey), &json!(step)), "{failed}");
        assert_eq!((&failed["status"], &failed["request_id"]), (&json!(500), &json!(null)), "{failed}");
        let reason = failed["reason"].as_str().expect("a reason");
        assert!(reason.starts_with("answered 500 instead of "), "{reason}");
        stage.front.repair();
        stage.passes(&memory).await;
    }
    assert_eq!(stage.favorites().await, 0);
}

/// A server that is not the API may answer with a valid status.
#[tokio::test]
async fn a_response_without_the_headers_of_the_api_fails() {
    let (stage, memory) = (Stage::new().await, Memory::default());
    for (path, status) in [("/api/v1/health", 200), ("/api/v1/pokemon/missingno", 404)] {
        stage.front.break_route(Method::GET, path, Broken::Status(status));
        let failed = stage.fails(&memory).await;
        assert_eq!(failed["reason"], "the response has no header x-content-type-options");
    }
}

#[tokio::test]
async fn a_problem_names_itself_and_its_request() {
    let stage = Stage::with(|config| config.door.tables.audit = "nowhere".to_owned()).await;
    let report = stage.run(&Memory::default()).await;
    let [read, used] = &report["failures"].as_array().expect("a list")[..] else { panic!("{report}") };
    assert_eq!((&read["step"], &read["status"]), (&json!("readiness"), &json!(503)), "{report}");
    assert_eq!(read["reason"], "Not ready: audit is not available");
    // A registration writes an event.
    assert_eq!((&used["step"], &used["status"]), (&json!("register"), &json!(503)), "{report}");
    assert!(used["reason"].as_str().is_some_and(|text| text.starts_with("answered 503 (")), "{report}");
    assert!(used["request_id"].is_string(), "{report}");
}

#[tokio::test]
async fn an_old_catalogue_is_reported_and_does_not_fail_a_run() {
    let stage = Stage::with(|config| config.sync_max_age = Some(Duration::ZERO)).await;
    // Ages are whole seconds, and another test may have published the catalogue in this one.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let report = stage.passes(&Memory::default()).await;
    assert_eq!(report["reader"]["old"], json!(["sync"]));
}

#[tokio::test]
async fn a_database_that_is_down_fails_the_turn_and_no_step_of_the_reader() {
    let (stage, memory) = (Stage::new().await, Memory::default());
    stage.passes(&memory).await;
    let tap = Tap::on(&stage.users.url).await;
    tap.set_down(true);
    let accounts = AccountStore::new(aws::at(&tap.url), stage.users.tables.clone());
    let report = stage.run_with(&accounts, &memory).await;
    let failed = &report["failures"][0];
    assert_eq!((&failed["journey"], &failed["step"]), (&json!("user"), &json!("turn")), "{report}");
    assert!(failed["reason"].as_str().is_some_and(|text| text.starts_with("DynamoDB ")), "{report}");
    assert_eq!(report["reader"]["steps"], 7);
    // The environment has kept its session.
    assert_eq!(stage.passes(&memory).await["user"]["played"]["part"], "refreshed");
}

#[tokio::test]
async fn an_address_that_answers_nothing_fails_the_first_step_of_each_journey() {
    let stage = Stage::new().await;
    let event = json!({"address": "http://127.0.0.1:9"});
    let report = stage.invoke(&stage.users.accounts, &Memory::default(), &event).await.expect("a report");
    let steps: Vec<_> =
        report["failures"].as_array().expect("a list").iter().map(|one| &one["step"]).collect();
    assert_eq!(steps, ["health", "register"], "{report}");
    assert!(report["failures"][0]["reason"].as_str().is_some_and(|text| text.starts_with("no response: ")));
}

#[tokio::test]
async fn an_event_without_an_address_of_the_web_is_refused() {
    let stage = Stage::new().await;
    for (event, reason) in [
        (json!({}), "the event's field \"address\" is missing"),
        (json!({"address": "pokedex.example"}), "\"pokedex.example\" is not an http(s) address"),
        (json!({"address": "file:///etc/passwd"}), "\"file:///etc/passwd\" is not an http(s) address"),
    ] {
        let refused = stage.invoke(&stage.users.accounts, &Memory::default(), &event).await;
        assert_eq!(refused.expect_err("no address"), reason);
    }
    assert!(stage.front.take().is_empty());
}
