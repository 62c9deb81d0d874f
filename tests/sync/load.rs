//! A snapshot that is loaded beside syncs, and stored facts that are published again.

use adapters::{
    now,
    store::{CatalogStore, INDEX_COPIES, Key, Meter},
    sync::{Loaded, SyncError, load, republish},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Timestamp,
    dex::DexIndex,
    facts::{Facts, Kind},
};
use serde_json::json;
use tests::{empty_store, lease, publish_facts, put_raw};

use super::{
    catalogue::{assert_same, catalogue, items, past},
    support::{LONG_AGO, facts, ledger, pokemon, small, state, sync, synced, tapped, try_sync, writes},
};
use crate::stand_in::Fault;

async fn loaded(store: &CatalogStore, facts: &Facts, taken_at: Timestamp) -> adapters::publish::Published {
    let snapshot = Loaded { name: "a snapshot", taken_at, facts };
    load(store, &Meter::default(), "test", &snapshot).await.expect("it is loaded")
}

#[tokio::test]
async fn a_snapshot_is_published_and_marked_and_a_second_load_writes_nothing() {
    let (store, facts) = (empty_store().await, facts(&small().await).await);
    assert!(loaded(&store, &facts, LONG_AGO).await.written > 0);
    let meter = Meter::default();
    assert_eq!(store.seeded(&meter).await.expect("it is readable").as_deref(), Some("a snapshot"));
    assert_eq!(pokemon(&store, "1").await.expect("it is there").1, LONG_AGO);
    let before = items(&store).await;
    let again = loaded(&store, &facts, LONG_AGO).await;
    assert_eq!((again.written, again.removed, again.index_written), (0, 0, false));
    assert_same(&items(&store).await, &before, "a second load");
}

/// Vine Whip by id, slug and normalised name.
fn vine_whip() -> Vec<String> {
    ["22", "vine-whip", "vinewhip"].map(|name| format!("MOVE#{name}/MOVE")).to_vec()
}

#[tokio::test]
async fn a_newer_snapshot_replaces_the_facts_of_an_older_sync() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let mut newer = facts(&pokeapi).await;
    newer.pokemon.get_mut(&1).expect("it is there").weight = Some(70);
    newer.moves.remove(&22);
    // A run that began before the snapshot was taken has older facts: it starts from scratch.
    let running = json!({ "running": {
        "started_at": LONG_AGO, "cursor": ["pokemon", 1],
        "tally": { "fetched": 0, "unchanged": 90, "changed": 0, "failed": 0 }, "failures": [],
    }});
    put_raw(&store, &Key::sync_state(), &[("body", AttributeValue::S(running.to_string()))]).await;
    let in_a_minute = Timestamp::from_unix(now().unix() + 60);
    let published = loaded(&store, &newer, in_a_minute).await;
    assert_eq!((published.removed, past(&store).await.into_keys().collect::<Vec<_>>()), (0, vine_whip()));
    assert_eq!(state(&store).await.running, None);
    let stored = ledger(&store).await;
    assert_eq!(stored.facts, newer);
    assert_eq!(stored.etag(Kind::Pokemon, 1), None, "or a 304 would hide what is true");
    assert!(stored.etag(Kind::Pokemon, 2).is_some(), "what is the same keeps its ETag");
}

#[tokio::test]
async fn an_older_snapshot_adds_only_facts_that_a_newer_sync_lacks() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let mut older = facts(&pokeapi).await;
    older.pokemon.get_mut(&1).expect("it is there").weight = Some(70);
    let mut lost = ledger(&store).await;
    lost.remove(Kind::Pokemon, 4);
    store.put_facts(&Meter::default(), &lease(&store).await, &mut lost).await.expect("they are put");
    let before = state(&store).await;
    loaded(&store, &older, LONG_AGO).await;
    let stored = ledger(&store).await.facts;
    assert_eq!(stored, facts(&pokeapi).await);
    assert_eq!(state(&store).await, before);
}

#[tokio::test]
async fn a_snapshot_waits_for_a_sync_that_is_running() {
    let store = empty_store().await;
    let _held = lease(&store).await;
    let snapshot = Loaded { name: "a snapshot", taken_at: LONG_AGO, facts: &Facts::default() };
    let refused = load(&store, &Meter::default(), "another", &snapshot).await;
    assert!(matches!(refused, Err(SyncError::Busy(_))), "{refused:?}");
}

#[tokio::test]
async fn stored_facts_are_published_again_in_another_shape_or_format() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let (expected, meter) = (catalogue(&store).await, Meter::default());
    assert!(
        republish(&store, &meter, "test", now()).await.expect("no error").is_none(),
        "it is as it should be"
    );
    assert_eq!(meter.usage().calls, 3, "a look at the pointer, at what was changed by hand and at the index");

    // The state that a program of another shape would have left.
    let version = store.index_pointer(&meter).await.expect("no error").expect("it is there").version;
    let attributes = [("version", AttributeValue::S(version)), ("shape", AttributeValue::N("0".to_owned()))];
    put_raw(&store, &Key::index_pointer(), &attributes).await;
    put_raw(&store, &Key::pokemon(1), &[("hash", AttributeValue::S("of another shape".to_owned()))]).await;
    let done = republish(&store, &meter, "test", now()).await.expect("no error").expect("it was of need");
    assert_eq!((done.written, done.index_written), (2, true), "both keys of one record");
    assert_same(&catalogue(&store).await, &expected, "shape");

    // The state that a program of another format would have left: there is no pointer for readers of this
    // format.
    let (tapped, tap) = tapped(&store).await;
    let client = tests::raw_client().await;
    let delete = client.delete_item().table_name(store.table());
    let key = Key::index_pointer();
    let delete = delete.key("pk", AttributeValue::S(key.pk)).key("sk", AttributeValue::S(key.sk));
    delete.send().await.expect("it is deleted");
    republish(&tapped, &meter, "test", now()).await.expect("no error").expect("it was of need");
    let written = writes(&tap.take());
    assert!(written.contains_key("put INDEX/POINTER#3"), "{written:?}");
    assert!(
        written.keys().all(|key| key == "update SYNC/STATE" || key.contains(" INDEX")),
        "no record is written again: {written:?}"
    );
    assert_same(&catalogue(&store).await, &expected, "format");
}

#[tokio::test]
async fn an_unreadable_pointer_is_rewritten() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let expected = catalogue(&store).await;
    let odd = [vec![], vec![("version", AttributeValue::N("7".to_owned()))]];
    for attributes in odd {
        put_raw(&store, &Key::index_pointer(), &attributes).await;
        let done = republish(&store, &Meter::default(), "test", now()).await.expect("no error");
        assert!(done.is_some_and(|done| done.written == 0), "no record is written again: {attributes:?}");
        assert_same(&catalogue(&store).await, &expected, "after a republication");

        put_raw(&store, &Key::index_pointer(), &attributes).await;
        sync(&store, &pokeapi).await;
        assert_same(&catalogue(&store).await, &expected, "after a sync");
    }
}

#[tokio::test]
async fn a_missing_index_is_rebuilt_and_other_formats_are_left_alone() {
    let store = synced(&small().await).await;
    let (expected, meter) = (catalogue(&store).await, Meter::default());
    let version = store.index_pointer(&meter).await.expect("no error").expect("it is there").version;
    let newer = format!("{}-0123456789abcdef", DexIndex::FORMAT + 1);
    store.put_index(&meter, &newer, b"{}").await.expect("it is put");
    for copy in 0..INDEX_COPIES {
        put_raw(&store, &Key::index_copy(&version, copy), &[]).await;
    }
    republish(&store, &meter, "test", now()).await.expect("no error").expect("it was of need");
    assert!(store.index(&meter, &newer, 0).await.is_ok(), "it is of a release that may come back");
    store.forget_indexes(&meter, &[newer].into()).await.expect("no error");
    assert_same(&catalogue(&store).await, &expected, "as before");
}

#[tokio::test]
async fn an_incomplete_first_sync_is_not_published() {
    let (pokeapi, store, meter) = (small().await, empty_store().await, Meter::default());
    pokeapi.always("/api/v2/pokemon/29/", Fault::retry_after(429, 3600));
    try_sync(&store, &pokeapi).await.expect("it pauses");
    assert!(ledger(&store).await.facts.total() > 0);
    assert!(republish(&store, &meter, "test", now()).await.expect("no error").is_none());
    assert_eq!(store.index_pointer(&meter).await.expect("no error"), None);
}

#[tokio::test]
async fn lost_facts_keep_the_others_from_being_published_again() {
    let (store, meter) = (synced(&small().await).await, Meter::default());
    put_raw(&store, &Key::facts_block(Kind::Pokemon, 0), &[("body", AttributeValue::S("{".to_owned()))])
        .await;
    let pointer = store.index_pointer(&meter).await.expect("no error").expect("it is there");
    let attributes =
        [("version", AttributeValue::S(pointer.version)), ("shape", AttributeValue::N("0".to_owned()))];
    put_raw(&store, &Key::index_pointer(), &attributes).await;
    let before = items(&store).await;
    assert!(republish(&store, &meter, "test", now()).await.expect("no error").is_none());
    let mut after = items(&store).await;
    after.insert("SYNC/STATE".to_owned(), before["SYNC/STATE"].clone());
    assert_same(&after, &before, "nothing is written");
}

#[tokio::test]
async fn nothing_is_published_again_without_stored_facts() {
    let (store, meter) = (empty_store().await, Meter::default());
    assert!(republish(&store, &meter, "test", now()).await.expect("no error").is_none());
    assert_eq!(store.index_pointer(&meter).await.expect("no error"), None);
    publish_facts(&store, &Facts::default(), LONG_AGO).await;
    sync(&store, &small().await).await;
}
