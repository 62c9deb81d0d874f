//! A sync over what is known already: it writes where it stands, and nothing else.

use std::collections::BTreeMap;

use adapters::{
    publish::publish,
    store::{Ledger, Meter},
    sync::Tally,
};
use tests::empty_store;

use super::{
    catalogue::{assert_same, catalogue, items, sound},
    support::{LONG_AGO, RESOURCES, facts, small, sync, synced, tapped, writes},
};

#[tokio::test]
async fn a_second_sync_writes_nothing_but_where_it_stands() {
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
    store.put_facts(&meter, &mut ledger).await.expect("the facts are stored");
    publish(&store, &meter, &ledger.facts, LONG_AGO).await.expect("the facts are published");
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
    let rest = before.iter().filter(|(key, _)| !key.starts_with("FACTS/"));
    rest.for_each(|(key, item)| assert_eq!(&after[key], item, "{key}"));
    assert_same(&catalogue(&store).await, sound().await, "as a first sync makes it");

    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!(finished.tally.unchanged, RESOURCES);
    assert_eq!(writes(&tap.take()).into_keys().collect::<Vec<_>>(), ["update SYNC/STATE"]);
}
