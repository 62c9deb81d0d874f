//! The writes of the sync: together or one by one, heads, and deletions.

use adapters::store::{Head, Key, Meter, content_hash};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::Timestamp;
use tests::{empty_store, lease, put_raw};

use super::support::{
    CREATED, UPDATED, conflict, count, item, noise, pokemon, put, put_through, record, slug, tapped,
    unavailable,
};

#[tokio::test]
async fn a_hundred_items_are_written_together_and_again() {
    let (store, meter) = (empty_store().await, Meter::default());
    let lease = lease(&store).await;
    for _ in 0..2 {
        store.put_groups(&meter, &lease, vec![pokemon(100)]).await.expect("they are put");
        assert_eq!(count(&store).await, 100);
    }
    assert_eq!(meter.usage().calls, 4, "two transactions, and the lease before each");
    let found = store.pokemon(&meter, &slug("100")).await.expect("it is readable");
    assert_eq!(found, Some(record("{\"id\":100}")));
}

#[tokio::test]
async fn a_group_of_more_than_a_hundred_is_refused_and_none_is_written() {
    let (store, meter) = (empty_store().await, Meter::default());
    let lease = lease(&store).await;
    let refused = store.put_groups(&meter, &lease, vec![pokemon(101)]).await;
    let reported = unavailable(refused, "TransactWriteItems");
    assert!(reported.starts_with("ValidationException: "), "{reported}");
    assert_eq!(count(&store).await, 0);
}

#[tokio::test]
async fn one_bad_item_keeps_its_whole_group_from_being_written() {
    let (store, meter) = (empty_store().await, Meter::default());
    let lease = lease(&store).await;
    put(&store, vec![item(Key::pokemon(1), "{\"id\":0}", false)]).await;
    let mut twice = pokemon(5);
    twice.push(item(Key::pokemon(3), "{}", false));
    let reported = unavailable(store.put_groups(&meter, &lease, vec![twice]).await, "TransactWriteItems");
    assert!(reported.starts_with("ValidationException: "), "{reported}");
    let mut large = pokemon(5);
    large.push(item(Key::pokemon(6), &noise(401 << 10, 1), false));
    assert!(store.put_groups(&meter, &lease, vec![large]).await.is_err());
    let found = store.pokemon(&meter, &slug("1")).await.expect("it is readable");
    assert_eq!((found, count(&store).await), (Some(record("{\"id\":0}")), 1));
}

#[tokio::test]
async fn many_groups_share_few_transactions_and_again() {
    let store = empty_store().await;
    let lease = lease(&store).await;
    for _ in 0..2 {
        let meter = Meter::default();
        let groups = pokemon(250).into_iter().map(|item| vec![item]).collect();
        store.put_groups(&meter, &lease, groups).await.expect("they are put");
        assert_eq!((meter.usage().calls, count(&store).await), (1 + 3, 250));
    }
    let (tapped, tap) = tapped(&store).await;
    tapped.put_groups(&Meter::default(), &lease, vec![Vec::new()]).await.expect("nothing is easily done");
    tapped.delete(&Meter::default(), Vec::new()).await.expect("nothing is easily done");
    assert_eq!(tap.take().len(), 0);
}

#[tokio::test]
async fn an_overtaken_owner_writes_nothing() {
    let (store, meter) = (empty_store().await, Meter::default());
    let long_ago = Timestamp::from_unix(0);
    let old = store.take_lease(&meter, "old".to_owned(), 1, long_ago).await.expect("it is free");
    lease(&store).await;
    conflict(store.put_groups(&meter, &old, vec![pokemon(3)]).await, "UpdateItem");
    assert_eq!(count(&store).await, 0);
}

#[tokio::test]
async fn a_conflicting_transaction_is_retried_and_finally_reported() {
    let store = empty_store().await;
    let (tapped, tap) = tapped(&store).await;
    let lease = lease(&store).await;
    for reason in ["TransactionConflict", "ThrottlingError"] {
        tap.cancel_transactions(2, reason);
        put_through(&tapped, &lease, pokemon(3)).await.expect("the third try");
        let tries = tap.take().iter().filter(|call| call.operation == "TransactWriteItems").count();
        assert_eq!((tries, count(&store).await), (3, 3), "{reason}");
    }
    tap.cancel_transactions(1, "ItemCollectionSizeLimitExceeded");
    let reported = unavailable(put_through(&tapped, &lease, pokemon(3)).await, "TransactWriteItems");
    assert_eq!(reported, "the transaction was cancelled: ItemCollectionSizeLimitExceeded", "it never passes");
}

#[tokio::test]
async fn an_item_is_replaced_whole() {
    let (store, meter) = (empty_store().await, Meter::default());
    let old = [("body", AttributeValue::S("{}".to_owned())), ("odd", AttributeValue::Bool(true))];
    put_raw(&store, &Key::chain(1), &old).await;
    put(&store, vec![item(Key::chain(1), "{\"new\":1}", true)]).await;
    assert_eq!(store.evolution(&meter, 1).await.expect("it is readable"), Some(record("{\"new\":1}")));
}

#[tokio::test]
async fn a_deletion_removes_its_items_and_no_others() {
    let store = empty_store().await;
    put(&store, pokemon(40)).await;
    // The batch has 30 items that exist and 5 that do not.
    let keys: Vec<_> = (11..=45).map(Key::pokemon).collect();
    let meter = Meter::default();
    store.delete(&meter, keys.clone()).await.expect("they are deleted");
    assert_eq!((meter.usage().calls, count(&store).await), (2, 10));
    store.delete(&meter, keys).await.expect("again does no harm");
    assert_eq!(count(&store).await, 10);
    assert!(store.pokemon(&meter, &slug("10")).await.expect("it is readable").is_some());
    assert!(store.pokemon(&meter, &slug("11")).await.expect("no error").is_none());
}

#[tokio::test]
async fn heads_are_read_across_many_pages() {
    let store = empty_store().await;
    let bodies: Vec<_> = (0..60).map(|id| noise(40_000, id)).collect();
    let items = (0..).zip(&bodies).map(|(id, body)| item(Key::learnset(id), body, false));
    put(&store, items.collect()).await;
    let meter = Meter::default();
    let heads = store.heads(&meter).await.expect("the table is readable");
    assert_eq!(heads.len(), 60 + 1, "and the lease");
    assert!(meter.usage().calls >= 3, "2.4 MB come in pages of 1 MB: {:?}", meter.usage());
    for (id, body) in (0..).zip(&bodies) {
        let head = Head {
            hash: content_hash(body.as_bytes()),
            created_at: CREATED,
            updated_at: UPDATED,
            past: None,
        };
        assert_eq!(heads.get(&Key::learnset(id)), Some(&head), "{id}");
    }
}

#[tokio::test]
async fn a_head_without_hash_and_times_is_valid() {
    let store = empty_store().await;
    put_raw(&store, &Key::sync_state(), &[("body", AttributeValue::S("{}".to_owned()))]).await;
    let heads = store.heads(&Meter::default()).await.expect("the table is readable");
    let beginning = Timestamp::from_unix(0);
    let head = Head { hash: String::new(), created_at: beginning, updated_at: beginning, past: None };
    assert_eq!(heads.into_iter().collect::<Vec<_>>(), [(Key::sync_state(), head)]);
}

#[tokio::test]
async fn the_mark_of_a_seed_is_the_latest_one() {
    let (store, meter) = (empty_store().await, Meter::default());
    assert_eq!(store.seeded(&meter).await.expect("no error"), None);
    for name in ["one", "two"] {
        store.mark_seeded(&meter, name).await.expect("it is put");
        assert_eq!(store.seeded(&meter).await.expect("it is readable").as_deref(), Some(name));
    }
    assert!(store.heads(&meter).await.expect("the table is readable").keys().all(|key| !key.is_record()));
}
