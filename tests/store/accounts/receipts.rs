//! Receipts of idempotency keys: stored with the change, and one change for each key.

use std::sync::Arc;

use adapters::{
    now,
    store::{
        ChangeRecord, Meter, Receipt,
        accounts::{AccountStore, Condition, Refused, StoredFavorite},
    },
};
use domain::{accounts::UserId, audit::Action};

use super::support::{
    DAY, Fixture, assert_one_by, assert_refused, assert_repeated, at_once, record_at, record_of, with_receipt,
};

async fn add(store: &AccountStore, user: UserId, pokemon: u32, record: &ChangeRecord) -> Result<(), Refused> {
    let favorite = StoredFavorite { pokemon, created_at: now() };
    store.add_favorite(&Meter::default(), user, favorite, record).await
}

fn keyed(user: UserId, pokemon: u32, key: &str) -> ChangeRecord {
    with_receipt(record_of(user, Action::AddFavorite, &[pokemon]), key)
}

async fn receipt(fixture: &Fixture, key: &str) -> Option<Receipt> {
    fixture.store.receipt(&fixture.meter, key, now()).await.expect("a read")
}

#[tokio::test]
async fn a_receipt_is_stored_with_its_change() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    assert_eq!(receipt(&fixture, "one").await, None);
    let record = keyed(ash, 25, "one");
    add(&fixture.store, ash, 25, &record).await.expect("a favorite");
    assert_eq!(receipt(&fixture, "one").await, record.receipt);
    let later = now().plus(Receipt::KEPT + 60);
    assert_eq!(
        fixture.store.receipt(&fixture.meter, "one", later).await.expect("a read"),
        None,
        "it has expired"
    );
}

#[tokio::test]
async fn a_second_change_under_a_key_is_refused_because_of_the_receipt() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    add(&fixture.store, ash, 25, &keyed(ash, 25, "one")).await.expect("a favorite");
    assert_repeated(add(&fixture.store, ash, 26, &keyed(ash, 26, "one")).await);
    assert_repeated(add(&fixture.store, ash, 25, &keyed(ash, 25, "one")).await);
    assert_eq!(fixture.favorites(ash).await, [25]);
    assert_eq!(fixture.targets(ash, Action::AddFavorite).await, ["25"]);
}

#[tokio::test]
async fn of_several_changes_under_one_key_at_once_one_succeeds() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let store = Arc::new(fixture.store.clone());
    let results = at_once(8, |nth| {
        let store = Arc::clone(&store);
        async move {
            let pokemon = nth as u32 + 1;
            add(&store, ash, pokemon, &keyed(ash, pokemon, "one")).await
        }
    })
    .await;
    assert_one_by(&results, |refused| matches!(refused, Refused::Repeated));
    assert_eq!(fixture.favorites(ash).await.len(), 1);
    assert_eq!(fixture.targets(ash, Action::AddFavorite).await.len(), 1);
}

#[tokio::test]
async fn a_refused_change_leaves_no_receipt() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    add(&fixture.store, ash, 25, &keyed(ash, 25, "one")).await.expect("a favorite");
    assert_refused(add(&fixture.store, ash, 25, &keyed(ash, 25, "two")).await, Condition::NotFavorite(25));
    assert_eq!(receipt(&fixture, "two").await, None);
}

#[tokio::test]
async fn a_change_with_a_receipt_whose_answer_is_lost_is_made_once() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let (store, tap) = fixture.tapped().await;
    tap.lose_answers(2);
    add(&store, ash, 25, &keyed(ash, 25, "one")).await.expect("the third attempt is answered");
    assert!(receipt(&fixture, "one").await.is_some());
    assert_eq!(fixture.targets(ash, Action::AddFavorite).await, ["25"]);
}

#[tokio::test]
async fn a_receipt_that_has_expired_or_lies_far_ahead_is_replaced() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    for (pokemon, days) in [(1, -2), (2, 3)] {
        let at = now().plus(days * DAY);
        let key = format!("key {days}");
        let old = with_receipt(record_at(ash, Action::AddFavorite, at), &key);
        add(&fixture.store, ash, pokemon, &old).await.expect("a favorite");
        assert_eq!(receipt(&fixture, &key).await, None, "{days}");
        let new = keyed(ash, pokemon + 10, &key);
        add(&fixture.store, ash, pokemon + 10, &new).await.expect("the key is free");
        assert_eq!(receipt(&fixture, &key).await, new.receipt, "{days}");
    }
}

#[tokio::test]
async fn a_receipt_is_kept_before_the_steps_that_it_covers_and_once() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let kept = Receipt { body: None, ..keyed(ash, 1, "one").receipt.expect("a receipt") };
    let keep =
        async |receipt: &Receipt| fixture.store.keep_receipt(&fixture.meter, ash, receipt, now()).await;
    keep(&kept).await.expect("the key is free");
    assert_repeated(keep(&kept).await);
    assert_eq!(receipt(&fixture, "one").await, Some(kept.clone()));
    fixture.freeze(ash).await;
    assert_refused(keep(&Receipt { key: "two".to_owned(), ..kept }).await, Condition::Active);
    assert_eq!(receipt(&fixture, "two").await, None);
}
