//! A sync over known facts: it writes only its state.

use std::collections::BTreeMap;

use adapters::{
    store::{Key, Ledger, Meter},
    sync::Tally,
};
use tests::{empty_store, lease, publish_facts};

use super::{
    catalogue::{assert_same, catalogue, items, undisturbed_catalogue},
    support::{LONG_AGO, RESOURCES, facts, small, sync, synced, synced_long_ago, tapped, writes},
};

#[tokio::test]
async fn a_second_sync_writes_only_its_state() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let before = items(&store).await;
    pokeapi.reset_log();
    let (store, tap) = tapped(&store).await;
    let (finished, published) = sync(&store, &pokeapi).await;

    let unchanged = Tally { fetched: 0, unchanged: RESOURCES, changed: 0, failed: 0 };
    assert_eq!(finished.tally, unchanged);
    assert_eq!((published.written, published.removed, published.index_written), (0, 0, false));
    let written = writes(&tap.take());
    assert_eq!(written.keys().collect::<Vec<_>>(), ["update SYNC/STATE"], "{written:?}");
    let known = pokeapi.requests().into_iter().skip(9);
    let answers: BTreeMap<_, _> = known.map(|seen| (seen.path, (seen.if_none_match, seen.status))).collect();
    assert_eq!(answers.len(), RESOURCES);
    for (path, (etag, status)) in answers {
        assert!(etag.is_some_and(|etag| etag.starts_with("W/\"")) && status == Some(304), "{path}");
    }
    let mut after = items(&store).await;
    after.insert("SYNC/STATE".to_owned(), before["SYNC/STATE"].clone());
    assert_same(&after, &before, "time stamps included");
}

#[tokio::test]
async fn a_sync_over_the_same_facts_without_etags_writes_the_facts_alone() {
    let pokeapi = small().await;
    let (store, meter) = (empty_store().await, Meter::default());
    let mut ledger = Ledger::new(facts(&pokeapi).await);
    store.put_facts(&meter, &lease(&store).await, &mut ledger).await.expect("the facts are stored");
    publish_facts(&store, &ledger.facts, LONG_AGO).await;
    let before = items(&store).await;

    let (store, tap) = tapped(&store).await;
    let (finished, published) = sync(&store, &pokeapi).await;
    let tally = Tally { fetched: RESOURCES, unchanged: 0, changed: 0, failed: 0 };
    assert_eq!(finished.tally, tally);
    assert_eq!((published.written, published.index_written), (0, false));
    let written = writes(&tap.take());
    assert!(written.len() > 9, "every block of facts has ETags now: {written:?}");
    for (key, times) in &written {
        assert!(
            key == "update SYNC/STATE" || (key.starts_with("put FACTS/") && *times == 1),
            "{key} {times}"
        );
    }
    let after = items(&store).await;
    let rest = before.iter().filter(|(key, _)| !key.starts_with("FACTS/") && *key != "SYNC/STATE");
    rest.for_each(|(key, item)| assert_eq!(&after[key], item, "{key}"));
    assert_same(&catalogue(&store).await, undisturbed_catalogue().await, "as a first sync makes it");

    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!(finished.tally.unchanged, RESOURCES);
    assert_eq!(writes(&tap.take()).into_keys().collect::<Vec<_>>(), ["update SYNC/STATE"]);
}

/// Deletes one item without the sync; returns the writes of the next sync.
async fn lost(key: &Key) -> (Vec<String>, bool) {
    let pokeapi = small().await;
    let store = synced_long_ago(&pokeapi).await;
    let before = items(&store).await;
    store.delete(&Meter::default(), vec![key.clone()]).await.expect("it is deleted");
    let (tapped, tap) = tapped(&store).await;
    let (_, published) = sync(&tapped, &pokeapi).await;
    let mut after = items(&store).await;
    after.insert("SYNC/STATE".to_owned(), before["SYNC/STATE"].clone());
    if key.is_record() {
        assert_same(&catalogue(&store).await, undisturbed_catalogue().await, "complete again");
    } else {
        assert_same(&after, &before, "time stamps included");
    }
    (
        writes(&tap.take()).into_keys().filter(|key| key != "update SYNC/STATE").collect(),
        published.index_written,
    )
}

#[tokio::test]
async fn a_copy_of_the_index_that_was_lost_is_written_again() {
    let store = synced_long_ago(&small().await).await;
    let pointer = store.index_pointer(&Meter::default()).await.expect("it is readable");
    let version = pointer.expect("it is there").version;
    let copies: Vec<_> = (0..3).map(|copy| format!("put INDEX#{version}/COPY#{copy}")).collect();
    assert_eq!(lost(&Key::index_copy(&version, 1)).await, (copies, true));
}

#[tokio::test]
async fn a_record_that_was_lost_is_written_again() {
    let (written, index) = lost(&Key::learnset(1)).await;
    assert_eq!((written, index), (vec!["put POKEMON#1/LEARNSET".to_owned()], false));
    let (written, index) = lost(&Key::chain(67)).await;
    assert_eq!((written, index), (vec!["put CHAIN#67/CHAIN".to_owned()], false));
    // All keys of a Pokémon are one record, with the times of the item under its id.
    let (written, index) = lost(&Key::pokemon("deoxys")).await;
    let keys = ["386", "deoxys-normal", "deoxys", "deoxysnormal", "normaldeoxys", "normalforme"];
    let keys = keys.map(|key| format!("put POKEMON#{key}/POKEMON"));
    assert_eq!((written, index), (keys.into(), false));
}
