//! The job that makes the edge forget a catalogue that has changed.

use std::time::Duration;

use adapters::{
    aws, now,
    store::{CatalogStore, Meter},
};
use api::{Config, jobs::invalidation::invalidate};
use domain::Timestamp;
use serde_json::{Value, json};
use tests::{Distribution, empty_store};

use crate::sync::support::{small, state_item, sync, synced, tapped};

/// Invokes the job as its schedule does.
async fn invoke(store: &CatalogStore, distribution: &Distribution) -> Result<Value, String> {
    let event = json!({"distribution": "E123"});
    let client = aws::cloudfront_at(&distribution.url);
    let config = Config::new(store.table());
    let done = invalidate(store, &client, &config, &event, &Meter::default()).await;
    done.map_err(|error| error.to_string())
}

async fn change(store: &CatalogStore, at: Timestamp) {
    let meter = Meter::default();
    let lease = store.take_lease(&meter, "a sync".to_owned(), 30, now()).await.expect("it is free");
    store.mark_changed(&meter, &lease, at).await.expect("no error");
    store.end_lease(&meter, &lease).await.expect("no error");
}

fn seconds_ago(seconds: i64) -> Timestamp {
    Timestamp::from_unix(now().unix() - seconds)
}

#[tokio::test]
async fn the_edge_forgets_a_change_once_every_function_has_read_the_new_index() {
    let (store, distribution) = (empty_store().await, Distribution::new().await);
    assert_eq!(invoke(&store, &distribution).await.unwrap(), json!({"outcome": "current"}));
    // Until then it is forgotten, and not for the last time: a function may have answered with the former index.
    let changed = seconds_ago(10);
    change(&store, changed).await;
    for _ in 0..2 {
        assert_eq!(invoke(&store, &distribution).await.unwrap()["outcome"], "invalidated-new");
    }
    let news = distribution.invalidations();
    assert!(news[0].1.contains(&format!("catalogue-{}-new<", changed.unix())), "{}", news[0].1);
    assert_eq!(news[0], news[1], "CloudFront carries out one of them");

    let changed = seconds_ago(40);
    change(&store, changed).await;
    assert_eq!(invoke(&store, &distribution).await.unwrap()["outcome"], "invalidated");
    let [.., (path, body)] = &distribution.invalidations()[..] else { panic!("an invalidation") };
    assert_eq!(path, "/2020-05-31/distribution/E123/invalidation");
    assert!(body.contains("<Path>/api/*</Path>"), "{body}");
    let reference = format!("<CallerReference>catalogue-{}</CallerReference>", changed.unix());
    assert!(body.contains(&reference), "{body}");
    assert_eq!(invoke(&store, &distribution).await.unwrap()["outcome"], "current");
    change(&store, seconds_ago(36)).await;
    assert_eq!(invoke(&store, &distribution).await.unwrap()["outcome"], "invalidated");
    assert_eq!(distribution.invalidations().len(), 4);
}

#[tokio::test]
async fn a_run_that_holds_the_lease_does_not_delay_the_edge() {
    let (store, distribution) = (empty_store().await, Distribution::new().await);
    change(&store, seconds_ago(60)).await;
    let meter = Meter::default();
    store.take_lease(&meter, "a sync".to_owned(), 300, now()).await.expect("it is free");
    assert_eq!(invoke(&store, &distribution).await.unwrap()["outcome"], "invalidated");
}

#[tokio::test]
async fn an_invalidation_that_fails_is_repeated_with_the_same_reference() {
    let (store, distribution) = (empty_store().await, Distribution::new().await);
    change(&store, seconds_ago(60)).await;
    distribution.deny(true);
    let error = invoke(&store, &distribution).await.unwrap_err();
    assert!(
        error.starts_with("CloudFront CreateInvalidation: ") && error.contains("AccessDenied"),
        "{error}"
    );
    distribution.deny(false);
    let (one, two) = tokio::join!(invoke(&store, &distribution), invoke(&store, &distribution));
    assert_eq!(
        (&one.unwrap()["outcome"], &two.unwrap()["outcome"]),
        (&json!("invalidated"), &json!("invalidated"))
    );
    let bodies: Vec<_> = distribution.invalidations().into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1], "CloudFront carries out one of them");
}

#[tokio::test]
async fn an_event_without_a_distribution_is_refused_by_field() {
    let store = empty_store().await;
    let client = aws::cloudfront_at("http://127.0.0.1:9");
    let config = Config::new(store.table());
    let refused = invalidate(&store, &client, &config, &json!({}), &Meter::default()).await;
    assert_eq!(refused.unwrap_err().to_string(), "the event's field \"distribution\" is missing");
}

#[tokio::test]
async fn a_publication_marks_its_change_before_its_first_write_and_after_its_last() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let before = state_item(&store).await.changed_at.expect("the first publication was a change");
    let (watched, tap) = tapped(&store).await;
    sync(&watched, &pokeapi).await;
    assert!(tap.take().iter().all(|call| !is_mark(&call.body)), "nothing has changed");
    assert_eq!(state_item(&store).await.changed_at, Some(before));

    pokeapi.edit("/api/v2/pokemon/1/", |bulbasaur| bulbasaur["weight"] = json!(71));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    sync(&watched, &pokeapi).await;
    let calls = tap.take();
    let of_records =
        |body: &Value| body.to_string().contains("POKEMON#") || body.to_string().contains("INDEX");
    let is_write = |operation: &str| ["TransactWriteItems", "PutItem", "BatchWriteItem"].contains(&operation);
    let marks: Vec<usize> = (0..calls.len()).filter(|nth| is_mark(&calls[*nth].body)).collect();
    let writes: Vec<usize> = (0..calls.len())
        .filter(|nth| is_write(&calls[*nth].operation) && of_records(&calls[*nth].body))
        .collect();
    assert!(marks.first() < writes.first() && writes.last() < marks.last(), "{marks:?} {writes:?}");
    assert!(state_item(&store).await.changed_at > Some(before));
}

fn is_mark(body: &Value) -> bool {
    body["UpdateExpression"].as_str().is_some_and(|update| update.contains("changed_at"))
}
