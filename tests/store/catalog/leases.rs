//! The state of a sync, and the lease that admits one writer at a time.

use adapters::store::{CatalogStore, Key, Lease, Meter, StoreError};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::Timestamp;
use tests::{empty_store, put_raw};

use super::support::conflict;

const NOON: i64 = 1_785_585_600;

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(NOON + seconds)
}

async fn take(store: &CatalogStore, owner: &str, seconds: i64) -> Result<Lease, StoreError> {
    store.take_lease(&Meter::default(), owner.to_owned(), 300, at(seconds)).await
}

async fn taken(store: &CatalogStore, owner: &str, seconds: i64) -> Lease {
    take(store, owner, seconds).await.expect("the lease is taken")
}

/// The state's text, and the second at which the lease expires.
async fn state(store: &CatalogStore) -> (String, Option<i64>) {
    let state = store.sync_state(&Meter::default()).await.expect("the state is readable");
    let body = String::from_utf8(state.body).expect("text");
    (body, state.lease_until.map(|until| until.unix() - NOON))
}

#[tokio::test]
async fn an_empty_table_has_no_state_and_no_lease() {
    assert_eq!(state(&empty_store().await).await, (String::new(), None));
}

#[tokio::test]
async fn a_lease_that_is_free_is_taken() {
    let store = empty_store().await;
    taken(&store, "one", 0).await;
    assert_eq!(state(&store).await, (String::new(), Some(300)));
}

#[tokio::test]
async fn a_held_lease_is_taken_again_only_by_its_owner() {
    let store = empty_store().await;
    taken(&store, "one", 0).await;
    taken(&store, "one", 10).await;
    assert_eq!(state(&store).await.1, Some(310));
    conflict(take(&store, "two", 20).await, "UpdateItem");
    assert_eq!(state(&store).await.1, Some(310), "the refused owner changed nothing");
}

#[tokio::test]
async fn another_owner_takes_a_lease_only_after_its_expiry() {
    let store = empty_store().await;
    taken(&store, "one", 0).await;
    conflict(take(&store, "two", 299).await, "UpdateItem");
    conflict(take(&store, "two", 300).await, "UpdateItem");
    taken(&store, "two", 301).await;
    assert_eq!(state(&store).await.1, Some(601));
    conflict(take(&store, "one", 302).await, "UpdateItem");
}

#[tokio::test]
async fn of_two_owners_that_take_a_lease_at_once_one_is_refused() {
    let store = empty_store().await;
    let (one, two) = tokio::join!(take(&store, "one", 0), take(&store, "two", 0));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    conflict(if one.is_ok() { two } else { one }, "UpdateItem");
}

#[tokio::test]
async fn a_state_is_written_and_the_lease_renewed_with_it() {
    let (store, meter) = (empty_store().await, Meter::default());
    let lease = taken(&store, "one", 0).await;
    store.put_state(&meter, &lease, "{\"a\":1}", at(100)).await.expect("the lease holds");
    assert_eq!(state(&store).await, ("{\"a\":1}".to_owned(), Some(400)));
    store.renew_lease(&meter, &lease, at(200)).await.expect("the lease holds");
    assert_eq!(state(&store).await, ("{\"a\":1}".to_owned(), Some(500)));
    taken(&store, "one", 300).await;
    assert_eq!(state(&store).await, ("{\"a\":1}".to_owned(), Some(600)), "to take it leaves the state alone");
}

#[tokio::test]
async fn an_expired_lease_that_was_not_taken_over_still_holds() {
    let (store, meter) = (empty_store().await, Meter::default());
    let lease = taken(&store, "one", 0).await;
    store.renew_lease(&meter, &lease, at(1000)).await.expect("nobody took it");
    store.put_state(&meter, &lease, "{}", at(2000)).await.expect("nobody took it");
    assert_eq!(state(&store).await, ("{}".to_owned(), Some(2300)));
}

#[tokio::test]
async fn an_owner_that_lost_its_lease_writes_and_releases_nothing() {
    let (store, meter) = (empty_store().await, Meter::default());
    let lost = taken(&store, "one", 0).await;
    let held = taken(&store, "two", 301).await;
    store.put_state(&meter, &held, "{\"two\":2}", at(302)).await.expect("the lease holds");
    let before = state(&store).await;
    conflict(store.put_state(&meter, &lost, "{\"one\":1}", at(303)).await, "UpdateItem");
    conflict(store.renew_lease(&meter, &lost, at(303)).await, "UpdateItem");
    conflict(store.end_lease(&meter, &lost).await, "UpdateItem");
    assert_eq!(state(&store).await, before);
}

#[tokio::test]
async fn a_lease_lost_to_an_owner_that_has_ended_is_not_regained() {
    let (store, meter) = (empty_store().await, Meter::default());
    let lost = taken(&store, "one", 0).await;
    let held = taken(&store, "two", 301).await;
    store.end_lease(&meter, &held).await.expect("it is given back");
    conflict(store.renew_lease(&meter, &lost, at(302)).await, "UpdateItem");
    conflict(store.put_state(&meter, &lost, "{}", at(302)).await, "UpdateItem");
    assert_eq!(state(&store).await, (String::new(), None));
}

#[tokio::test]
async fn a_released_lease_is_free_at_once_and_the_state_stays() {
    let (store, meter) = (empty_store().await, Meter::default());
    let lease = taken(&store, "one", 0).await;
    store.put_state(&meter, &lease, "{\"a\":1}", at(1)).await.expect("the lease holds");
    store.end_lease(&meter, &lease).await.expect("it is given back");
    assert_eq!(state(&store).await, ("{\"a\":1}".to_owned(), None));
    conflict(store.end_lease(&meter, &lease).await, "UpdateItem");
    taken(&store, "two", 2).await;
    assert_eq!(state(&store).await, ("{\"a\":1}".to_owned(), Some(302)));
}

#[tokio::test]
async fn a_state_of_another_shape_counts_as_absent() {
    let store = empty_store().await;
    let odd = [("body", AttributeValue::N("1".to_owned())), ("lease_until", AttributeValue::Bool(true))];
    put_raw(&store, &Key::sync_state(), &odd).await;
    assert_eq!(state(&store).await, ("1".to_owned(), None));
    taken(&store, "one", 0).await;
}

#[tokio::test]
async fn a_lease_of_a_clock_that_ran_ahead_is_taken_over() {
    let store = empty_store().await;
    taken(&store, "ahead", 86_400).await;
    taken(&store, "two", 0).await;
    assert_eq!(state(&store).await.1, Some(300));
}
