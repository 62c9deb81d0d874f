//! Former names and addresses: reserved for their user, and free again after 30 days.

use std::sync::Arc;

use adapters::{
    now,
    store::{
        Key,
        accounts::{Condition, ProfileChange, StoredUser},
    },
};
use domain::accounts::{Email, User};

use super::support::{
    DAY, Fixture, assert_one, assert_refused, at_once, change_at, register, rename, rename_at, user,
};

fn key_of(name: &str) -> Key {
    Key { pk: format!("USERNAME#{name}"), sk: "USERNAME".to_owned() }
}

/// Another user with the name of Red, and an address of their own.
fn another_red() -> User {
    User { email: Email::parse("another@example.com").expect("an address"), ..user("red") }
}

/// Ash, who was called Red before, since the day `days` days ago.
async fn formerly_red(fixture: &Fixture, days: i64) -> StoredUser {
    let red = fixture.user("red").await;
    rename_at(&fixture.store, &red, "ash", now().plus(-days * DAY)).await.expect("a new name")
}

#[tokio::test]
async fn a_former_name_does_not_sign_in_and_is_refused_to_others() {
    let fixture = Fixture::new().await;
    let ash = formerly_red(&fixture, 29).await;
    assert_eq!(fixture.owner_of("red").await, None);
    assert_eq!(fixture.owner_of("ash").await, Some(ash.user.id));
    let refused = register(&fixture.store, &another_red()).await.expect_err("it is reserved");
    assert!(refused.is(&Condition::Username), "{refused:?}");
    let blue = fixture.user("blue").await;
    assert_refused(rename(&fixture.store, &blue, "red").await, Condition::Username);
    assert_eq!(fixture.owner_of("blue").await, Some(blue.user.id));
}

#[tokio::test]
async fn a_former_name_can_be_taken_back_by_its_user() {
    let fixture = Fixture::new().await;
    let ash = formerly_red(&fixture, 0).await;
    assert_eq!(ash.reserved.keys().collect::<Vec<_>>(), ["USERNAME#red"]);
    let red = rename(&fixture.store, &ash, "red").await.expect("it is reserved for this user");
    assert_eq!(red.reserved.keys().collect::<Vec<_>>(), ["USERNAME#ash"]);
    assert_eq!(fixture.stored(red.user.id).await, red);
    assert_eq!((fixture.owner_of("red").await, fixture.owner_of("ash").await), (Some(red.user.id), None));
}

#[tokio::test]
async fn a_former_address_is_reserved_like_a_name() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await;
    let email = Some(Email::parse("new@example.com").expect("an address"));
    let change = ProfileChange { email, ..ProfileChange::default() };
    let after = change_at(&fixture.store, &ash, &change, now()).await.expect("a new address");
    assert_eq!(fixture.owner_of("ash@example.com").await, None);
    assert_eq!(fixture.owner_of("new@example.com").await, Some(ash.user.id));
    let mut other = user("gary");
    other.email = ash.user.email.clone();
    assert_refused(register(&fixture.store, &other).await, Condition::Email);
    assert_eq!(after.reserved.len(), 1);
}

#[tokio::test]
async fn an_expired_reservation_is_free_for_others() {
    let fixture = Fixture::new().await;
    formerly_red(&fixture, 31).await;
    let other = another_red();
    register(&fixture.store, &other).await.expect("the reservation has expired");
    assert_eq!(fixture.owner_of("red").await, Some(other.id));
}

#[tokio::test]
async fn a_reservation_made_by_a_clock_far_ahead_counts_as_expired() {
    let fixture = Fixture::new().await;
    formerly_red(&fixture, -31).await;
    register(&fixture.store, &another_red()).await.expect("no reservation is that long");
}

#[tokio::test]
async fn of_several_claims_of_an_expired_reservation_at_once_one_succeeds() {
    let fixture = Fixture::new().await;
    formerly_red(&fixture, 31).await;
    let store = Arc::new(fixture.store.clone());
    let results = at_once(6, |nth| {
        let store = Arc::clone(&store);
        async move {
            let mut other = user("red");
            other.email = Email::parse(&format!("{nth}@example.com")).expect("an address");
            register(&store, &other).await.map(|()| other.id)
        }
    })
    .await;
    assert_one(&results, Condition::Username);
    assert_eq!(fixture.owner_of("red").await, results.into_iter().find_map(Result::ok));
}

#[tokio::test]
async fn an_expired_reservation_is_removed_by_the_next_change() {
    let fixture = Fixture::new().await;
    let ash = formerly_red(&fixture, 31).await;
    assert!(fixture.exists(&fixture.tables.app, &key_of("red")).await);
    let green = rename(&fixture.store, &ash, "green").await.expect("a new name");
    assert!(!fixture.exists(&fixture.tables.app, &key_of("red")).await);
    assert_eq!(green.reserved.keys().collect::<Vec<_>>(), ["USERNAME#ash"]);
}

#[tokio::test]
async fn a_name_that_was_claimed_again_is_not_removed_by_its_former_user() {
    let fixture = Fixture::new().await;
    let ash = formerly_red(&fixture, 31).await;
    let other = another_red();
    register(&fixture.store, &other).await.expect("the reservation has expired");
    rename(&fixture.store, &ash, "green").await.expect("a new name");
    assert_eq!(fixture.owner_of("red").await, Some(other.id));
}
