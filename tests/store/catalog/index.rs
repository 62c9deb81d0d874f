//! The dex index: copies, the pointer to the current version, and the conditions for moving it.

use std::collections::BTreeSet;

use adapters::store::{CatalogStore, INDEX_COPIES, Key, Meter, Pointer};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use domain::Timestamp;
use tests::{empty_store, put_raw};

use super::support::{conflict, count, malformed, noise};

const NOW: Timestamp = Timestamp::from_unix(1_785_542_400);

async fn pointer(store: &CatalogStore) -> Option<Pointer> {
    store.index_pointer(&Meter::default()).await.expect("it is readable")
}

async fn swap(store: &CatalogStore, before: Option<&str>, version: &str) {
    store
        .swap_index(&Meter::default(), before, &Pointer::new(version, 0, NOW))
        .await
        .expect("the pointer is swapped");
}

#[tokio::test]
async fn an_empty_table_has_no_index() {
    let store = empty_store().await;
    assert_eq!(pointer(&store).await, None);
    let reported = malformed(store.index(&Meter::default(), "v1", 0).await, "INDEX#v1/COPY#0");
    assert_eq!(reported, "it is not there");
}

#[tokio::test]
async fn every_draw_finds_one_of_three_equal_copies() {
    let (store, meter) = (empty_store().await, Meter::default());
    let index = format!("{}{}", noise(200_000, 1), "x".repeat(10_000)).into_bytes();
    let size = store.put_index(&meter, "v1", &index).await.expect("it is put");
    assert!(size > 100_000 && size < index.len(), "{size} bytes, packed");
    assert_eq!((meter.usage().calls, count(&store).await), (3, usize::from(INDEX_COPIES)));
    for draw in [0, 1, 2, 3, 128, 255] {
        assert!(store.index(&meter, "v1", draw).await.expect("it is readable") == index, "{draw}");
    }
    assert_eq!(pointer(&store).await, None, "it is not current yet");
}

#[tokio::test]
async fn equal_draws_choose_equal_copies() {
    let (store, meter) = (empty_store().await, Meter::default());
    store.put_index(&meter, "v1", b"{}").await.expect("it is put");
    put_raw(&store, &Key::index_copy("v1", 2), &[]).await;
    for (draw, is_whole) in [(0, true), (1, true), (2, false), (3, true), (5, false)] {
        assert_eq!(store.index(&meter, "v1", draw).await.is_ok(), is_whole, "{draw}");
    }
}

#[tokio::test]
async fn the_pointer_moves_from_the_version_that_counts_and_from_no_other() {
    let (store, meter) = (empty_store().await, Meter::default());
    conflict(store.swap_index(&meter, Some("v0"), &Pointer::new("v1", 0, NOW)).await, "PutItem");
    assert_eq!(pointer(&store).await, None);
    swap(&store, None, "v1").await;
    let first = Pointer::new("v1", 0, NOW);
    assert_eq!(pointer(&store).await, Some(first.clone()));
    for before in [None, Some("v0"), Some("v2"), Some("")] {
        conflict(store.swap_index(&meter, before, &Pointer::new("v2", 0, NOW)).await, "PutItem");
        assert_eq!(pointer(&store).await, Some(first.clone()), "{before:?}");
    }
    swap(&store, Some("v1"), "v2").await;
    assert_eq!(pointer(&store).await.map(|pointer| pointer.version).as_deref(), Some("v2"));
}

#[tokio::test]
async fn of_two_simultaneous_swaps_one_fails() {
    let (store, meter) = (empty_store().await, Meter::default());
    swap(&store, None, "v1").await;
    let [v2, v3] = ["v2", "v3"].map(|version| Pointer::new(version, 0, NOW));
    let (one, two) =
        tokio::join!(store.swap_index(&meter, Some("v1"), &v2), store.swap_index(&meter, Some("v1"), &v3));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let (version, loser) = if one.is_ok() { ("v2", two) } else { ("v3", one) };
    conflict(loser, "PutItem");
    assert_eq!(pointer(&store).await.map(|pointer| pointer.version).as_deref(), Some(version));
}

#[tokio::test]
async fn old_versions_are_forgotten_and_those_to_keep_are_kept() {
    let (store, meter) = (empty_store().await, Meter::default());
    for version in ["v1", "v2", "v3", "v4"] {
        store.put_index(&meter, version, version.as_bytes()).await.expect("it is put");
    }
    swap(&store, None, "v4").await;
    let old: BTreeSet<_> = ["v1", "v2"].map(str::to_owned).into();
    for _ in 0..2 {
        store.forget_indexes(&meter, &old).await.expect("they are forgotten");
        assert_eq!(count(&store).await, 2 * usize::from(INDEX_COPIES) + 1);
        for version in ["v3", "v4"] {
            assert_eq!(store.index(&meter, version, 1).await.expect("it is there"), version.as_bytes());
        }
        assert!(store.index(&meter, "v1", 1).await.is_err());
    }
    store.forget_indexes(&meter, &BTreeSet::new()).await.expect("nothing to forget");
    assert_eq!(pointer(&store).await.map(|pointer| pointer.version).as_deref(), Some("v4"));
}

#[tokio::test]
async fn swapping_to_the_current_version_again_succeeds() {
    let (store, meter) = (empty_store().await, Meter::default());
    for _ in 0..2 {
        swap(&store, None, "v1").await;
        swap(&store, Some("v0"), "v1").await;
    }
    conflict(store.swap_index(&meter, Some("v0"), &Pointer::new("v2", 0, NOW)).await, "PutItem");
}

#[tokio::test]
async fn a_pointer_or_a_copy_that_is_not_readable_is_named() {
    let (store, meter) = (empty_store().await, Meter::default());
    put_raw(&store, &Key::index_pointer(), &[("body", AttributeValue::S("v1".to_owned()))]).await;
    assert_eq!(malformed(store.index_pointer(&meter).await, "INDEX/POINTER#3"), "it has no version");
    put_raw(&store, &Key::index_copy("v1", 0), &[("body", AttributeValue::S("{}".to_owned()))]).await;
    assert_eq!(malformed(store.index(&meter, "v1", 0).await, "INDEX#v1/COPY#0"), "it has no body");
    put_raw(&store, &Key::index_copy("v1", 1), &[("body", AttributeValue::B(Blob::new("{}")))]).await;
    assert!(!malformed(store.index(&meter, "v1", 1).await, "INDEX#v1/COPY#1").is_empty());
}
