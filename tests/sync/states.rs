//! What a sync finds of itself when it starts: nothing, rubbish, or more than it should have kept.

use adapters::{
    store::{Key, Meter},
    sync::{Settings, Tally},
};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use domain::facts::Kind;
use serde_json::json;
use tests::empty_store;

use super::{
    catalogue::{assert_same, catalogue, items},
    support::{RESOURCES, client, config, put_raw, run, small, state, sync, sync_as, synced, try_sync},
};
use crate::stand_in::Fault;

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn packed(text: &str) -> AttributeValue {
    AttributeValue::B(Blob::new(zstd::encode_all(text.as_bytes(), 1).expect("it is packed")))
}

#[tokio::test]
async fn a_state_that_is_not_readable_starts_anew() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let sound = catalogue(&store).await;
    for body in [
        "",
        "}",
        "[]",
        "{\"running\":{\"cursor\":[\"pokemon\",1]}}",
        "{\"running\":{\"cursor\":[\"berry\",1]}}",
    ] {
        put_raw(&store, &Key::sync_state(), &[("body", text(body))]).await;
        let found = state(&store).await;
        assert!(found.running.is_none() && found.last.is_none(), "{body}");
        pokeapi.reset_log();
        let (finished, _) = sync(&store, &pokeapi).await;
        let all = Tally { fetched: 0, unchanged: RESOURCES, changed: 0, failed: 0 };
        assert_eq!((finished.tally, pokeapi.requests().len()), (all, RESOURCES + 9), "{body}");
        assert_eq!(state(&store).await.last, Some(finished), "{body}");
    }
    assert_same(&catalogue(&store).await, &sound, "nothing is lost");
}

#[tokio::test]
async fn a_cursor_beyond_all_resources_has_nothing_left_to_ask_for() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let running = json!({
        "running": {
            "started_at": "2026-08-01T00:00:00Z", "cursor": ["evolution-chain", 4_000_000_000_u32],
            "tally": { "fetched": 90, "unchanged": 5, "changed": 90, "failed": 0 }, "failures": [],
        },
    });
    put_raw(&store, &Key::sync_state(), &[("body", text(&running.to_string()))]).await;
    pokeapi.reset_log();
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.fetched, pokeapi.requests().len()), (90, 9));
    assert_eq!(finished.started_at.to_string(), "2026-08-01T00:00:00Z");
}

#[tokio::test]
async fn facts_that_are_not_readable_are_an_error_that_names_the_item() {
    let (pokeapi, block) = (small().await, Key::facts_block(Kind::Type, 0));
    let other = json!({ "1": { "fact": { "kind": "berry", "id": 1 } } }).to_string();
    for (body, reason) in [
        (packed("}"), "expected value"),
        (packed(&other), "unknown variant `berry`"),
        (AttributeValue::B(Blob::new("not packed")), ""),
        (text("{"), "EOF"),
        (AttributeValue::N("1".to_owned()), "it has no body"),
    ] {
        let store = synced(&pokeapi).await;
        put_raw(&store, &block, &[("body", body)]).await;
        let before = items(&store).await.len();
        let error = try_sync(&store, &pokeapi).await.expect_err("the facts are not readable").to_string();
        assert!(error.starts_with("the item FACTS/type#0000 is malformed: "), "{error}");
        assert!(error.contains(reason), "{error}");
        assert_eq!(items(&store).await.len(), before, "nothing is removed");
    }
}

#[tokio::test]
async fn failures_without_number_neither_fill_the_state_nor_end_the_run() {
    let (pokeapi, store) = (small().await, empty_store().await);
    let many = 1_700;
    let long = format!("http://elsewhere.test/{}", "x".repeat(170));
    for id in 20_000..20_000 + many {
        let path = format!("/api/v2/pokemon/{id}/");
        pokeapi.always(&path, Fault::Redirect(long.clone()));
        pokeapi.add_to_list("pokemon", json!({ "name": format!("ghost-{id}"), "url": path }));
    }
    let (finished, _) = sync(&store, &pokeapi).await;
    let tally = finished.tally;
    assert_eq!((tally.fetched, tally.failed), (RESOURCES, many), "each is counted");
    assert_eq!((finished.failures.len(), finished.failures[0].id), (200, 20_000), "some are told");
    assert_eq!(state(&store).await.last, Some(finished));
}

#[tokio::test]
async fn a_failure_that_heals_is_counted_no_more() {
    let (pokeapi, store) = (small().await, empty_store().await);
    for id in [1, 2, 3] {
        pokeapi.script(&format!("/api/v2/pokemon/{id}/"), vec![Fault::Status(500); 3]);
    }
    pokeapi.always("/api/v2/pokemon/3/", Fault::Status(500));
    pokeapi.always("/api/v2/pokemon/4/", Fault::Status(404));
    let (finished, _) = sync(&store, &pokeapi).await;
    let failed: Vec<_> = finished.failures.iter().map(|failure| failure.id).collect();
    assert_eq!((finished.tally.failed, failed), (2, vec![4, 3]));
}

#[tokio::test]
async fn nothing_runs_where_there_is_no_table() {
    let pokeapi = small().await;
    let store = adapters::store::Store::new(super::support::raw().await, "no-such-table");
    let error = run(&store, &client(config(&pokeapi)), &Settings::new("test")).await.expect_err("no table");
    let told = error.to_string();
    assert!(told.starts_with("DynamoDB UpdateItem: ResourceNotFoundException: "), "{told}");
    assert_eq!(pokeapi.requests().len(), 0);
}

#[tokio::test]
async fn the_state_tells_what_a_run_found() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    pokeapi.always("/api/v2/move/22/", Fault::Status(404));
    sync_as(&store, config(&pokeapi)).await;
    let stored = store.sync_state(&Meter::default()).await.expect("it is readable");
    let body: serde_json::Value = serde_json::from_slice(&stored.body).expect("JSON");
    assert_eq!(stored.lease_until, None, "the lease is given back");
    assert_eq!(body["last"]["tally"], json!({ "fetched": 0, "unchanged": 94, "changed": 0, "failed": 1 }));
    let failure = json!({ "kind": "move", "id": 22, "reason": "answered 404 Not Found", "passing": false });
    assert_eq!((&body["last"]["failures"], body.get("running")), (&json!([failure]), None));
}
