//! The stored state that a sync finds when it starts: absent, unreadable, or too large.

use std::time::Duration;

use adapters::{
    store::{Key, Meter, Tables},
    sync::{Outcome, Settings, Tally},
};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use domain::{Timestamp, facts::Kind};
use serde_json::json;
use tests::{empty_store, put_raw, raw_client};

use super::{
    catalogue::{assert_same, catalogue},
    support::{RESOURCES, client, config, dex, run, small, state, sync, sync_as, synced},
};
use crate::stand_in::{Fault, World};

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn packed(text: &str) -> AttributeValue {
    AttributeValue::B(Blob::new(zstd::encode_all(text.as_bytes(), 1).expect("it is packed")))
}

#[tokio::test]
async fn an_unreadable_state_starts_from_scratch() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let expected = catalogue(&store).await;
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
    assert_same(&catalogue(&store).await, &expected, "nothing is lost");
}

#[tokio::test]
async fn a_cursor_beyond_all_resources_has_nothing_left_to_ask_for() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let started_at = Timestamp::from_unix(adapters::now().unix() - 3600);
    let running = json!({
        "running": {
            "started_at": started_at, "cursor": ["evolution-chain", 4_000_000_000_u32],
            "tally": { "fetched": 90, "unchanged": 5, "changed": 90, "failed": 0 }, "failures": [],
        },
    });
    put_raw(&store, &Key::sync_state(), &[("body", text(&running.to_string()))]).await;
    pokeapi.reset_log();
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.fetched, pokeapi.requests().len()), (90, 9));
    assert_eq!(finished.started_at, started_at);
}

#[tokio::test]
async fn unreadable_facts_are_fetched_again_by_a_run_from_scratch() {
    let (pokeapi, block) = (small().await, Key::facts_block(Kind::Type, 0));
    let expected = catalogue(&synced(&pokeapi).await).await;
    let types = World::small().listed("type").filter(|(id, _)| *id < 64).count();
    let other = json!({ "1": { "fact": { "kind": "berry", "id": 1 } } }).to_string();
    for body in [
        packed("}"),
        packed(&other),
        AttributeValue::B(Blob::new("not packed")),
        text("{"),
        AttributeValue::N("1".to_owned()),
    ] {
        let store = synced(&pokeapi).await;
        put_raw(&store, &block, &[("body", body.clone())]).await;
        let running = json!({ "running": {
            "started_at": adapters::now(), "cursor": ["move", 1],
            "tally": { "fetched": 0, "unchanged": 90, "changed": 0, "failed": 0 }, "failures": [],
        }});
        put_raw(&store, &Key::sync_state(), &[("body", text(&running.to_string()))]).await;
        let (finished, published) = sync(&store, &pokeapi).await;
        let tally = Tally { fetched: types, unchanged: RESOURCES - types, changed: types, failed: 0 };
        assert_eq!((finished.tally, published.written), (tally, 0), "{body:?}");
        assert_same(&catalogue(&store).await, &expected, "readers always see a complete catalogue");
    }
}

#[tokio::test]
async fn the_catalogue_outlasts_facts_that_are_lost_and_cannot_be_fetched_again() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let expected = catalogue(&store).await;
    put_raw(&store, &Key::facts_block(Kind::Pokemon, 0), &[("body", text("{"))]).await;
    pokeapi.always("/api/v2/pokemon/1/", Fault::Status(500));
    let (finished, published) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.failed, published.written, published.removed), (1, 0, 0));
    assert_eq!(finished.doubts, ["the facts of 1 resources are lost; nothing is published without them"]);
    assert!(!finished.is_good());
    assert_eq!(dex(&store).await.counts().0, 15, "lists still have them all");

    pokeapi.behave();
    let (finished, _) = sync(&store, &pokeapi).await;
    assert!(finished.is_good());
    assert_same(&catalogue(&store).await, &expected, "complete after the fault");
}

#[tokio::test]
async fn lost_facts_far_behind_are_reached_by_a_run_in_many_pieces() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    // It is the last kind; resources that the source no longer lists are removed with it.
    put_raw(&store, &Key::facts_block(Kind::EvolutionChain, 0), &[("body", text("{"))]).await;
    put_raw(&store, &Key::facts_block(Kind::EvolutionChain, 99), &[("body", text("{"))]).await;
    pokeapi.slow_down(Duration::from_millis(5));
    let api = client(config(&pokeapi));
    let (mut pieces, mut length) = (0_u32, Duration::from_millis(110));
    let finished = loop {
        // On a busy machine, not even the lists may arrive in time.
        if pieces > 0 && pieces.is_multiple_of(50) {
            length *= 2;
        }
        let deadline = tokio::time::Instant::now() + length;
        let settings = Settings { deadline: Some(deadline), ..Settings::new("test") };
        match run(&store, &api, &settings).await.expect("no error") {
            Outcome::Finished { finished, .. } => break finished,
            Outcome::Paused { .. } => pieces += 1,
            Outcome::Superseded => panic!("nothing was approved"),
        }
        assert!(pieces < 400, "it never ends");
    };
    assert!(finished.is_good() && pieces > 0, "{pieces} pieces: {finished:?}");
    let ledger = store.facts(&Meter::default()).await.expect("they are readable");
    assert!(ledger.unreadable().is_empty(), "{:?}", ledger.unreadable());
}

#[tokio::test]
async fn a_run_that_was_paused_days_ago_starts_from_scratch() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    for (days, requests) in [(1, 9), (3, RESOURCES + 9)] {
        let started_at = Timestamp::from_unix(adapters::now().unix() - days * 86_400 - 10);
        let running = json!({ "running": {
            "started_at": started_at, "cursor": ["evolution-chain", 4_000_000_000_u32],
            "tally": { "fetched": 90, "unchanged": 5, "changed": 90, "failed": 0 }, "failures": [],
        }});
        put_raw(&store, &Key::sync_state(), &[("body", text(&running.to_string()))]).await;
        pokeapi.reset_log();
        sync(&store, &pokeapi).await;
        assert_eq!(pokeapi.requests().len(), requests, "{days} days ago");
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
    assert_eq!((finished.failures.len(), finished.failures[0].id), (200, 20_000), "some are listed");
    assert_eq!(state(&store).await.last, Some(finished));
}

#[tokio::test]
async fn a_failure_that_heals_is_no_longer_counted() {
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
async fn a_sync_without_a_table_fails_before_any_request() {
    let pokeapi = small().await;
    let store = adapters::store::CatalogStore::new(raw_client().await, &Tables::beside("no-such-table"));
    let error = run(&store, &client(config(&pokeapi)), &Settings::new("test")).await.expect_err("no table");
    let reported = error.to_string();
    assert!(reported.starts_with("DynamoDB UpdateItem: ResourceNotFoundException: "), "{reported}");
    assert_eq!(pokeapi.requests().len(), 0);
}

#[tokio::test]
async fn the_state_records_the_results_of_a_run() {
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
