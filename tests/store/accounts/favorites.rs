//! Favorites, one at a time.

use std::sync::Arc;

use adapters::{
    now,
    store::{
        Meter,
        accounts::{AccountStore, Condition, Refused, StoredFavorite},
    },
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{accounts::UserId, audit::Action};

use super::support::{Fixture, assert_one, assert_refused, at_once, record_of};

async fn add(store: &AccountStore, user: UserId, pokemon: u32) -> Result<(), Refused> {
    let favorite = StoredFavorite { pokemon, created_at: now() };
    let record = record_of(user, Action::AddFavorite, &[pokemon]);
    store.add_favorite(&Meter::default(), user, favorite, &record).await
}

async fn remove(store: &AccountStore, user: UserId, pokemon: u32) -> Result<(), Refused> {
    let record = record_of(user, Action::RemoveFavorite, &[pokemon]);
    store.remove_favorite(&Meter::default(), user, pokemon, &record).await
}

#[tokio::test]
async fn favorites_are_listed_by_pokemon() {
    let fixture = Fixture::new().await;
    let (ash, gary) = (fixture.user("ash").await.user.id, fixture.user("gary").await.user.id);
    for pokemon in [25, 10_034, 1, 133] {
        add(&fixture.store, ash, pokemon).await.expect("a favorite");
    }
    add(&fixture.store, gary, 7).await.expect("a favorite");
    remove(&fixture.store, ash, 133).await.expect("a removal");
    assert_eq!(fixture.favorites(ash).await, [1, 25, 10_034]);
    assert_eq!(fixture.favorites(gary).await, [7]);
    assert_eq!(fixture.targets(ash, Action::AddFavorite).await, ["25", "10034", "1", "133"]);
    assert_eq!(fixture.targets(ash, Action::RemoveFavorite).await, ["133"]);
}

#[tokio::test]
async fn adding_a_favorite_twice_is_refused_and_recorded_once() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    add(&fixture.store, ash, 25).await.expect("a favorite");
    assert_refused(add(&fixture.store, ash, 25).await, Condition::NotFavorite(25));
    assert_eq!(fixture.targets(ash, Action::AddFavorite).await, ["25"]);
}

#[tokio::test]
async fn removing_a_favorite_twice_is_refused_and_recorded_once() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    assert_refused(remove(&fixture.store, ash, 25).await, Condition::Favorite(25));
    add(&fixture.store, ash, 25).await.expect("a favorite");
    remove(&fixture.store, ash, 25).await.expect("a removal");
    assert_refused(remove(&fixture.store, ash, 25).await, Condition::Favorite(25));
    assert_eq!(fixture.targets(ash, Action::RemoveFavorite).await, ["25"]);
}

#[tokio::test]
async fn a_frozen_account_changes_no_favorite() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    add(&fixture.store, ash, 25).await.expect("a favorite");
    fixture.freeze(ash).await;
    assert_refused(add(&fixture.store, ash, 26).await, Condition::Active);
    assert_refused(remove(&fixture.store, ash, 25).await, Condition::Active);
    assert_eq!(fixture.favorites(ash).await, [25]);
    assert_eq!(fixture.events(ash).await.len(), 2, "the registration and one favorite");
}

#[tokio::test]
async fn an_account_that_does_not_exist_has_no_favorites() {
    let fixture = Fixture::new().await;
    let nobody = UserId::new(1, [7; 10]);
    assert_refused(add(&fixture.store, nobody, 25).await, Condition::Active);
    assert_eq!((fixture.favorites(nobody).await, fixture.events(nobody).await), (vec![], vec![]));
}

#[tokio::test]
async fn of_several_additions_of_one_favorite_at_once_one_succeeds() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let store = Arc::new(fixture.store.clone());
    let results = at_once(8, |_| {
        let store = Arc::clone(&store);
        async move { add(&store, ash, 25).await }
    })
    .await;
    assert_one(&results, Condition::NotFavorite(25));
    assert_eq!(
        (fixture.favorites(ash).await, fixture.targets(ash, Action::AddFavorite).await.len()),
        (vec![25], 1)
    );
}

#[tokio::test]
async fn an_addition_whose_answer_is_lost_is_made_once() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let (store, tap) = fixture.tapped().await;
    tap.lose_answers(2);
    add(&store, ash, 25).await.expect("the third attempt is answered");
    assert_eq!(fixture.targets(ash, Action::AddFavorite).await, ["25"]);
    tap.lose_answers(2);
    remove(&store, ash, 25).await.expect("the third attempt is answered");
    assert_eq!(
        (fixture.favorites(ash).await, fixture.targets(ash, Action::RemoveFavorite).await.len()),
        (vec![], 1)
    );
}

#[tokio::test]
async fn favorites_are_read_across_many_pages() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let padding = AttributeValue::S("x".repeat(60_000));
    for pokemon in 1..=40 {
        let attributes =
            [("created_at", AttributeValue::N("1700000000".to_owned())), ("padding", padding.clone())];
        let sk = format!("FAVORITE#{pokemon:05}");
        fixture.put(&fixture.tables.app, &format!("USER#{ash}"), &sk, &attributes).await;
    }
    let meter = Meter::default();
    let stored = fixture.store.favorites(&meter, ash).await.expect("favorites");
    assert_eq!(
        stored.iter().map(|favorite| favorite.pokemon).collect::<Vec<_>>(),
        (1..=40).collect::<Vec<_>>()
    );
    assert!(meter.usage().calls >= 3, "2.4 MB come in pages of 1 MB: {:?}", meter.usage());
}

#[tokio::test]
async fn an_unreadable_favorite_hides_no_other() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    add(&fixture.store, ash, 25).await.expect("a favorite");
    for sk in ["FAVORITE#00001", "FAVORITE#missingno"] {
        fixture.put(&fixture.tables.app, &format!("USER#{ash}"), sk, &[]).await;
    }
    assert_eq!(fixture.favorites(ash).await, [25]);
}
