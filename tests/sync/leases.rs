//! Two writers at once: one of them is refused.

use std::time::Duration;

use adapters::{
    now,
    store::{CatalogStore, Key, Meter},
    sync::{Settings, SyncError},
};
use aws_sdk_dynamodb::types::AttributeValue;
use tests::{empty_store, put_raw};

use super::{
    catalogue::{assert_same, catalogue, items, undisturbed_catalogue},
    support::{client, config, finished, run, small, state, sync, synced, tapped, writes},
};
use crate::stand_in::{Fault, StandIn};

/// A lease as another sync would hold it, until `seconds` from now.
async fn lease_of_another(store: &CatalogStore, seconds: i64) {
    let until = AttributeValue::N((now().unix() + seconds).to_string());
    let owner = AttributeValue::S("another".to_owned());
    put_raw(store, &Key::sync_state(), &[("lease_owner", owner), ("lease_until", until)]).await;
}

/// Settings with a checkpoint after every response.
fn careful(owner: &str) -> Settings {
    Settings { checkpoint_every: Duration::ZERO, ..Settings::new(owner) }
}

#[tokio::test]
async fn the_second_of_two_runs_is_refused_and_writes_nothing() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    lease_of_another(&store, 100).await;
    let before = items(&store).await;
    pokeapi.reset_log();
    let (tapped, tap) = tapped(&store).await;
    let error =
        run(&tapped, &client(config(&pokeapi)), &Settings::new("test")).await.expect_err("it is busy");
    let SyncError::Busy(until) = &error else { panic!("{error:?}") };
    assert!((90..=100).contains(&until.seconds_from(now())), "{until}");
    assert!(error.to_string().starts_with("another sync is running; its lease lasts until 20"), "{error}");
    assert_same(&items(&store).await, &before, "nothing is written");
    assert_eq!(writes(&tap.take()).into_iter().collect::<Vec<_>>(), [("update SYNC/STATE".to_owned(), 1)]);
    assert_eq!(pokeapi.requests().len(), 0, "the source is left alone");
}

#[tokio::test]
async fn of_two_runs_that_start_together_one_is_refused() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.slow_down(Duration::from_millis(2));
    let api = client(config(&pokeapi));
    let (one, two) = (Settings::new("one"), Settings::new("two"));
    let (first, second) = tokio::join!(run(&store, &api, &one), run(&store, &api, &two));
    let (done, refused) = if first.is_ok() { (first, second) } else { (second, first) };
    assert!(matches!(refused, Err(SyncError::Busy(_))), "{refused:?}");
    assert_eq!(finished(done).0.tally.failed, 0);
    pokeapi.slow_down(Duration::ZERO);
    assert_same(&catalogue(&store).await, undisturbed_catalogue().await, "one run's work");
}

#[tokio::test]
async fn the_same_owner_continues_at_once() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    lease_of_another(&store, 100).await;
    let settings = Settings::new("another");
    finished(run(&store, &client(config(&pokeapi)), &settings).await);
    assert!(!items(&store).await["SYNC/STATE"].to_string().contains("lease"), "it is given back");
}

#[tokio::test]
async fn an_expired_lease_is_taken_over() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    lease_of_another(&store, -1).await;
    sync(&store, &pokeapi).await;
    assert!(!items(&store).await["SYNC/STATE"].to_string().contains("lease"), "it is given back");
}

#[tokio::test]
async fn a_run_renews_its_lease_at_each_checkpoint() {
    let (pokeapi, store) = (small().await, empty_store().await);
    let (tapped, tap) = tapped(&store).await;
    finished(run(&tapped, &client(config(&pokeapi)), &careful("test")).await);
    let renewed = tap.take().into_iter().filter(|call| call.operation == "UpdateItem");
    let until: Vec<i64> = renewed
        .filter_map(|call| call.body["ExpressionAttributeValues"][":until"]["N"].as_str()?.parse().ok())
        .collect();
    assert!(until.len() > 90, "{} renewals", until.len());
    assert!(until.iter().all(|until| (290..=310).contains(&(until - now().unix()))), "{until:?}");
}

/// Runs until another run has taken the lease over, at the response for `path`, and has published its facts.
async fn overtaken(pokeapi: &StandIn, store: &CatalogStore, path: &str) -> SyncError {
    let api = client(config(pokeapi));
    let settings = careful("first");
    let mut first = Box::pin(run(store, &api, &settings));
    loop {
        tokio::select! {
            biased;
            ended = &mut first => panic!("it ended before it was overtaken: {ended:?}"),
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
        if pokeapi.count(path) > 0 {
            break;
        }
    }
    // The first run makes no progress from here on, for longer than its lease.
    let expired = items(store).await["SYNC/STATE"]["body"].clone();
    let attributes = [
        ("body", AttributeValue::S(expired.to_string())),
        ("lease_owner", AttributeValue::S("first".to_owned())),
        ("lease_until", AttributeValue::N((now().unix() - 1).to_string())),
    ];
    put_raw(store, &Key::sync_state(), &attributes).await;
    finished(run(store, &client(config(pokeapi)), &Settings::new("second")).await);
    lease_of_another(store, 100).await;
    first.await.expect_err("it has lost its lease")
}

#[tokio::test]
async fn an_overtaken_run_stops_at_the_next_checkpoint_and_writes_nothing() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.slow_down(Duration::from_millis(2));
    let error = overtaken(&pokeapi, &store, "/api/v2/pokemon/5/").await;
    assert!(matches!(error, SyncError::LostLease), "{error:?}");
    assert_eq!(error.to_string(), "another sync has taken over");
    let state = items(&store).await["SYNC/STATE"].clone();
    assert_eq!(state["lease_owner"], "another", "the former owner does not release it");
    pokeapi.slow_down(Duration::ZERO);
    assert_same(&catalogue(&store).await, undisturbed_catalogue().await, "the second's work");
}

#[tokio::test]
async fn a_refused_run_does_not_overwrite_a_paused_state() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.always("/api/v2/pokemon/1/", Fault::retry_after(429, 3600));
    run(&store, &client(config(&pokeapi)), &Settings::new("one")).await.expect("it pauses");
    let before = state(&store).await;
    assert!(before.running.is_some());
    let lease =
        store.take_lease(&Meter::default(), "another".to_owned(), 100, now()).await.expect("it is free");
    run(&store, &client(config(&pokeapi)), &Settings::new("two")).await.expect_err("it is busy");
    assert_eq!(state(&store).await, before);
    store.end_lease(&Meter::default(), &lease).await.expect("it is given back");
}
