//! Items to store, and helpers to check the results.

use adapters::{
    aws,
    store::{Body, CatalogStore, Key, Lease, Meter, NewItem, Record, StoreError, Tables, content_hash},
};
use domain::{Slug, Timestamp};
use tests::{Tap, engine_url, lease};

pub const CREATED: Timestamp = Timestamp::from_unix(1_000_000_000);
pub const UPDATED: Timestamp = Timestamp::from_unix(1_700_000_000);

pub fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("a slug")
}

pub fn item(key: Key, body: &str, packed: bool) -> NewItem {
    let hash = content_hash(body.as_bytes());
    let body = match packed {
        true => Body::packed(body.as_bytes()).expect("it is packed"),
        false => Body::Plain(body.to_owned()),
    };
    NewItem { key, body, hash, created_at: CREATED, updated_at: UPDATED, past: None }
}

/// The record that [`item`] becomes.
pub fn record(body: &str) -> Record {
    let hash = content_hash(body.as_bytes());
    Record { body: body.as_bytes().to_vec(), hash, created_at: CREATED, updated_at: UPDATED }
}

/// Returns `count` small items, one per Pokémon, from id 1.
pub fn pokemon(count: u32) -> Vec<NewItem> {
    (1..=count).map(|id| item(Key::pokemon(id), &format!("{{\"id\":{id}}}"), false)).collect()
}

/// Text that does not compress, the same at each run.
pub fn noise(bytes: usize, seed: u64) -> String {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'A' + ((state >> 33) % 58) as u8)
    };
    (0..bytes).map(letter).map(|letter| if letter == '\\' { '0' } else { letter }).collect()
}

/// Writes each of `items` separately.
pub async fn put(store: &CatalogStore, items: Vec<NewItem>) {
    put_through(store, &lease(store).await, items).await.expect("the items are put");
}

pub async fn put_through(store: &CatalogStore, lease: &Lease, items: Vec<NewItem>) -> Result<(), StoreError> {
    let groups = items.into_iter().map(|item| vec![item]).collect();
    store.put_groups(&Meter::default(), lease, groups).await
}

/// The same table, accessed through a tap.
pub async fn tapped(store: &CatalogStore) -> (CatalogStore, Tap) {
    let tap = Tap::on(&engine_url()).await;
    let client = aws::at(&tap.url);
    (CatalogStore::new(client, &Tables::beside(store.table())), tap)
}

/// The number of items, without the one that holds the lease.
pub async fn count(store: &CatalogStore) -> usize {
    let heads = store.heads(&Meter::default()).await.expect("the table is readable");
    heads.keys().filter(|key| **key != Key::sync_state()).count()
}

/// The reason of an error that says the engine is not available.
pub fn unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>, operation: &str) -> String {
    match result {
        Err(StoreError::Unavailable { operation: of, cause }) if of == operation => cause,
        other => panic!("not unavailable in {operation}: {other:?}"),
    }
}

pub fn conflict<T: std::fmt::Debug>(result: Result<T, StoreError>, operation: &str) {
    match result {
        Err(StoreError::Conflict { operation: of }) if of == operation => {}
        other => panic!("no conflict in {operation}: {other:?}"),
    }
}

/// The reason of an error that says the item `key` is malformed.
pub fn malformed<T: std::fmt::Debug>(result: Result<T, StoreError>, key: &str) -> String {
    match result {
        Err(StoreError::Malformed { key: of, reason }) if of == key => reason,
        other => panic!("{key} is not malformed: {other:?}"),
    }
}
