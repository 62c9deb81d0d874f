//! `/api/v1/admin/sync`: its state, and the runs that administrators request.

use std::time::Duration;

use adapters::{
    aws::Endpoint,
    invoke::Function,
    now,
    store::{Key, Meter},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Timestamp,
    audit::{Action, Outcome},
};
use http::Method;
use serde_json::{Value, json};
use tests::{Answer, House, problem, put_raw};

use crate::{
    stand_in::Fault,
    workshop::{BULBASAUR, Workshop},
};

const SYNC: &str = "/api/v1/admin/sync";
const RETRY: &str = "/api/v1/admin/sync/retry";
const APPROVE: &str = "/api/v1/admin/sync/approve";
const POKEMON: &str = "/api/v1/pokemon/1";

/// The state, once `is_so` holds.
async fn eventually(workshop: &Workshop, house: &House, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..2400 {
        let answer = workshop.ask(house, Method::GET, SYNC, None).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("cache-control")),
            (200, Some("private, no-store"))
        );
        if is_so(&answer.json()) {
            return answer.json();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never happens");
}

/// Whether `runs` runs have ended and nothing is left to do.
fn has_ended(runs: usize) -> impl Fn(&Value) -> bool {
    move |state| {
        let recent = state["recent"].as_array().expect("runs");
        recent.len() == runs && state["status"] == "idle" && state["request"].is_null()
    }
}

async fn post(workshop: &Workshop, house: &House, path: &str) -> Answer {
    workshop.ask(house, Method::POST, path, None).await
}

async fn approve(workshop: &Workshop, house: &House, publication: &str) -> Answer {
    workshop.ask(house, Method::POST, APPROVE, Some(&json!({"publication": publication}))).await
}

fn refused(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), problem(answer, "refused")["code"].clone())
}

/// A function that cannot be invoked.
fn nobody() -> Function {
    Function { name: "sync-pokeapi".to_owned(), endpoint: Endpoint::at("http://127.0.0.1:9") }
}

#[tokio::test]
async fn a_started_run_covers_everything_however_recent_the_last_one_is() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    workshop.source.edit(BULBASAUR, |document| document["weight"] = 71.into());
    let started = post(&workshop, &house, SYNC).await;
    assert_eq!(started.status, 202, "{}", started.json());
    let state = eventually(&workshop, &house, has_ended(2)).await;
    let run = &state["recent"][0];
    assert_eq!(run["scope"], "everything");
    assert_eq!((&run["fetched"], &run["changed"], &run["skipped"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(run["index"], state["catalog"]["index"]);
    assert_eq!(house.get(POKEMON).await.json()["weight"], 71);
    assert_eq!(workshop.trail().await, [(Action::StartSync, Outcome::Done)]);
}

#[tokio::test]
async fn of_many_requests_at_once_one_is_accepted() {
    let workshop = Workshop::open().await;
    // Nothing carries the request out meanwhile.
    let house = workshop.house_with(|config| config.sync_function = Some(nobody())).await;
    let answers = futures_util::future::join_all((0..20).map(|_| post(&workshop, &house, SYNC))).await;
    let accepted = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(accepted, 1);
    for answer in answers.iter().filter(|answer| answer.status != 202) {
        assert_eq!(refused(answer), (409, json!("sync_waiting")));
    }
    assert_eq!(workshop.trail().await, [(Action::StartSync, Outcome::Done)]);
}

#[tokio::test]
async fn the_schedule_carries_out_a_request_whose_writer_was_not_woken() {
    let workshop = Workshop::open().await;
    let house = workshop.house_with(|config| config.sync_function = Some(nobody())).await;
    let started = post(&workshop, &house, SYNC).await;
    assert_eq!((started.status.as_u16(), &started.json()["request"]["scope"]), (202, &json!("everything")));
    assert_eq!(workshop.scheduled().await["outcome"], "finished");
    eventually(&workshop, &house, has_ended(2)).await;
    assert_eq!(workshop.scheduled().await["outcome"], "fresh", "it is carried out once");
}

#[tokio::test]
async fn a_repeated_start_with_the_same_key_starts_one_run() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    let oak = format!("Bearer {}", workshop.users.admin_token());
    let headers = [("authorization", oak.as_str()), ("idempotency-key", "mine")];
    for _ in 0..3 {
        assert_eq!(house.send(Method::POST, SYNC, &headers).await.status, 202);
        eventually(&workshop, &house, has_ended(2)).await;
    }
    assert_eq!(workshop.trail().await, [(Action::StartSync, Outcome::Done)]);
}

#[tokio::test]
async fn a_request_that_no_run_has_carried_out_within_an_hour_is_dropped() {
    let workshop = Workshop::open().await;
    let requested_at = Timestamp::from_unix(now().unix() - 3_700);
    let body = json!({"task": "skipped", "requested_at": requested_at}).to_string();
    let at = AttributeValue::N(requested_at.unix().to_string());
    let item = [("body", AttributeValue::S(body)), ("requested_at", at)];
    put_raw(&workshop.store(), &Key::sync_request(), &item).await;
    assert_eq!(workshop.scheduled().await["outcome"], "fresh");
    let store = workshop.store();
    assert_eq!(store.sync_request(&Meter::default()).await.expect("no error"), None);
}

#[tokio::test]
async fn a_start_during_a_run_is_refused() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    let (store, meter) = (workshop.store(), Meter::default());
    let lease = store.take_lease(&meter, "a sync".to_owned(), 300, now()).await.expect("it is free");
    for path in [SYNC, RETRY] {
        let busy = post(&workshop, &house, path).await;
        assert_eq!(
            (refused(&busy), busy.header("retry-after")),
            ((409, json!("catalogue_busy")), Some("30"))
        );
    }
    let state = workshop.ask(&house, Method::GET, SYNC, None).await.json();
    assert_eq!((&state["status"], &state["request"]), (&json!("running"), &Value::Null));
    store.end_lease(&meter, &lease).await.expect("it is given back");
    assert_eq!(workshop.trail().await, []);
}

#[tokio::test]
async fn a_paused_run_shows_its_progress_and_a_start_continues_it() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    workshop.skip_one().await;
    // The first resources are fetched, and the source asks for a pause.
    workshop.source.always("/api/v2/pokemon/4/", Fault::retry_after(429, 1_000));
    let paused = post(&workshop, &house, SYNC).await;
    assert_eq!(paused.status, 202);
    let state =
        eventually(&workshop, &house, |state| state["status"] == "paused" && state["request"].is_null())
            .await;
    let (done, total) = (state["run"]["done"].as_u64().unwrap(), state["run"]["total"].as_u64().unwrap());
    assert!(0 < done && done < total && total == 95, "{state}");
    assert!(state["waits_until"].is_string());
    assert_eq!(refused(&post(&workshop, &house, RETRY).await), (409, json!("sync_waiting")));
}

#[tokio::test]
async fn skipped_resources_are_listed_and_fetched_again_on_request() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    assert_eq!(refused(&post(&workshop, &house, RETRY).await), (409, json!("nothing_skipped")));
    workshop.source.edit(BULBASAUR, |document| document["weight"] = 71.into());
    workshop.skip_one().await;
    let state = eventually(&workshop, &house, has_ended(2)).await;
    let skipped =
        json!([{"resource": "pokemon/1", "reason": "answered 404 Not Found", "is_temporary": false}]);
    assert_eq!(state["skipped"], skipped);
    assert_eq!(post(&workshop, &house, RETRY).await.status, 202);
    let state = eventually(&workshop, &house, has_ended(3)).await;
    assert_eq!((&state["skipped"], &state["recent"][0]["scope"]), (&json!([]), &json!("skipped")));
    assert_eq!(house.get(POKEMON).await.json()["weight"], 71);
}

#[tokio::test]
async fn a_held_publication_is_shown_and_published_once_it_is_approved() {
    let mut workshop = Workshop::open().await;
    let house = workshop.house().await;
    let unknown = "0".repeat(32);
    assert_eq!(refused(&approve(&workshop, &house, &unknown).await), (409, json!("nothing_held")));
    let publication = workshop.hold().await;
    for wrong in ["", "5f4dcc", &"x".repeat(32)] {
        let answer = approve(&workshop, &house, wrong).await;
        assert_eq!(answer.status, 422);
        assert_eq!(problem(&answer, "a wrong id")["errors"][0]["field"], "publication");
    }
    assert_eq!(refused(&approve(&workshop, &house, &unknown).await), (409, json!("publication_superseded")));
    let state = eventually(&workshop, &house, has_ended(2)).await;
    let reason = "stats: attack 9999 is not between 1 and 255";
    assert_eq!(state["held"]["changes"], json!([{"resource": "pokemon/1", "reason": reason}]));
    let ready = house.get("/api/v1/health/ready").await.json();
    assert_eq!(ready["sync"]["held"], json!([format!("pokemon/1 is improbable: {reason}")]));
    assert_eq!(house.get(POKEMON).await.json()["stats"]["attack"], 49);

    assert_eq!(approve(&workshop, &house, &publication).await.status, 202);
    let state = eventually(&workshop, &house, has_ended(3)).await;
    assert_eq!((&state["held"], &state["recent"][0]["scope"]), (&Value::Null, &json!("approved")));
    assert_eq!(house.get(POKEMON).await.json()["stats"]["attack"], 9_999);
    assert_eq!(workshop.trail().await, [(Action::ApprovePublication, Outcome::Done)]);
}
