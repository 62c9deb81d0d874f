//! The deletion of an account, in steps that are each made once, however often it is started or interrupted.

use std::{collections::BTreeSet, sync::Arc};

use adapters::store::{
    Meter,
    accounts::{AccountStore, Condition, StoredUser},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{accounts::UserId, audit::Action};

use super::support::{
    Fixture, assert_one, assert_refused, at_once, begin_session, record, record_of, register, rename, user,
};

/// A user with favorites, sessions and a reserved name.
async fn settled(fixture: &Fixture, name: &str, favorites: u32) -> StoredUser {
    let before = fixture.user(&format!("{name}_before")).await;
    let stored = rename(&fixture.store, &before, name).await.expect("a new name");
    let id = stored.user.id;
    let ids: BTreeSet<u32> = (1..=favorites).collect();
    let record = |ids: &[u32]| record_of(id, Action::AddFavorite, ids);
    fixture.store.add_favorites(&fixture.meter, id, &ids, record).await.expect("favorites");
    begin_session(&fixture.store, id).await.expect("a session");
    stored
}

async fn begin(store: &AccountStore, user: UserId) -> Result<(), adapters::store::accounts::Refused> {
    store.begin_deletion(&Meter::default(), user, user, false, &record(user, Action::DeleteAccount)).await
}

async fn finish(store: &AccountStore, user: UserId) -> Result<(), adapters::store::StoreError> {
    store.finish_deletion(&Meter::default(), user, || record(user, Action::DeleteAccount)).await
}

async fn assert_forgotten(fixture: &Fixture, user: &StoredUser) {
    let left = fixture.everything().await;
    assert!(!left.contains(&user.user.id.to_string()), "{left}");
    assert!(!left.contains(&format!("USERNAME#{}", user.user.username.as_str())), "{left}");
    assert_eq!(fixture.store.deletions(&fixture.meter).await.expect("a read"), []);
}

#[tokio::test]
async fn a_deletion_that_has_begun_stops_the_account() {
    let fixture = Fixture::new().await;
    let ash = settled(&fixture, "ash", 1).await;
    let id = ash.user.id;
    begin(&fixture.store, id).await.expect("a beginning");
    let standing = fixture.standing(id).await;
    assert!(standing.is_frozen && standing.is_deleting && standing.epoch == 1, "{standing:?}");
    assert_eq!(fixture.store.deletions(&fixture.meter).await.expect("a read"), [id]);
    assert_refused(rename(&fixture.store, &ash, "red").await, Condition::Active);
    assert_refused(begin_session(&fixture.store, id).await, Condition::Active);
    assert_eq!(fixture.count().await, 1, "it counts until its last step");
}

#[tokio::test]
async fn a_finished_deletion_leaves_events_and_nothing_else() {
    let fixture = Fixture::new().await;
    let (ash, oak) = (settled(&fixture, "ash", 100).await, settled(&fixture, "oak", 3).await);
    let id = ash.user.id;
    begin(&fixture.store, id).await.expect("a beginning");
    finish(&fixture.store, id).await.expect("an end");
    assert_forgotten(&fixture, &ash).await;
    assert_eq!(fixture.targets(id, Action::DeleteAccount).await.len(), 1 + 3 + 1);
    finish(&fixture.store, id).await.expect("nothing is left to delete");
    assert_eq!(fixture.targets(id, Action::DeleteAccount).await.len(), 1 + 3 + 1);
    assert_eq!((fixture.count().await, fixture.favorites(oak.user.id).await.len()), (1, 3));
    assert_eq!(fixture.owner_of("oak").await, Some(oak.user.id));
    for name in ["ash", "ash_before"] {
        register(&fixture.store, &user(name)).await.expect("the name is free");
    }
}

#[tokio::test]
async fn of_several_beginnings_at_once_one_succeeds() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let store = Arc::new(fixture.store.clone());
    let results = at_once(6, |_| {
        let store = Arc::clone(&store);
        async move { begin(&store, ash).await }
    })
    .await;
    assert_one(&results, Condition::NotDeleting);
    assert_refused(begin(&fixture.store, ash).await, Condition::NotDeleting);
    assert_eq!(fixture.targets(ash, Action::DeleteAccount).await.len(), 1);
    assert_eq!(fixture.standing(ash).await.epoch, 1);
}

#[tokio::test]
async fn a_deletion_that_stops_at_any_call_is_continued_by_the_next_run() {
    let fixture = Fixture::new().await;
    let (store, tap) = fixture.tapped().await;
    let mut calls = 0;
    loop {
        let ash = settled(&fixture, &format!("ash_{calls}"), 60).await;
        let id = ash.user.id;
        begin(&fixture.store, id).await.expect("a beginning");
        tap.stop_after(calls);
        let result = finish(&store, id).await;
        assert_eq!(
            fixture.store.deletions(&fixture.meter).await.expect("a read").len(),
            usize::from(result.is_err())
        );
        finish(&fixture.store, id).await.expect("the rest");
        assert_forgotten(&fixture, &ash).await;
        assert_eq!(fixture.targets(id, Action::DeleteAccount).await.len(), 1 + 2 + 1, "{calls}");
        assert_eq!(fixture.count().await, 0, "{calls}");
        if result.is_ok() {
            break;
        }
        calls += 1;
    }
    assert!(calls >= 6, "two reads, two steps, the profile, a reservation and the last step: {calls}");
}

#[tokio::test]
async fn a_deletion_whose_answers_are_lost_is_made_once() {
    let fixture = Fixture::new().await;
    let ash = settled(&fixture, "ash", 10).await;
    let id = ash.user.id;
    let (store, tap) = fixture.tapped().await;
    tap.lose_answers(2);
    begin(&store, id).await.expect("the third attempt is answered");
    tap.lose_answers(2);
    finish(&store, id).await.expect("the third attempt is answered");
    assert_forgotten(&fixture, &ash).await;
    assert_eq!((fixture.targets(id, Action::DeleteAccount).await.len(), fixture.count().await), (3, 0));
}

#[tokio::test]
async fn several_runs_at_once_make_each_step_once() {
    let fixture = Fixture::new().await;
    let ash = settled(&fixture, "ash", 100).await;
    let id = ash.user.id;
    begin(&fixture.store, id).await.expect("a beginning");
    let store = Arc::new(fixture.store.clone());
    let results = at_once(4, |_| {
        let store = Arc::clone(&store);
        async move { finish(&store, id).await }
    })
    .await;
    assert!(results.iter().any(Result::is_ok), "{results:?}");
    assert_forgotten(&fixture, &ash).await;
    assert_eq!(fixture.targets(id, Action::DeleteAccount).await.len(), 1 + 3 + 1);
    assert_eq!(fixture.count().await, 0);
}

#[tokio::test]
async fn the_only_administrator_is_not_deleted() {
    let fixture = Fixture::new().await;
    let oak = fixture.admin("oak").await.user.id;
    let as_admin = || record(oak, Action::DeleteAccount);
    let refused = fixture.store.begin_deletion(&fixture.meter, oak, oak, true, &as_admin()).await;
    assert_refused(refused, Condition::NotTheLast);
    assert_refused(begin(&fixture.store, oak).await, Condition::Unchanged);
    assert!(!fixture.standing(oak).await.is_deleting);
    fixture.admin("elm").await;
    fixture
        .store
        .begin_deletion(&fixture.meter, oak, oak, true, &as_admin())
        .await
        .expect("another one is left");
    finish(&fixture.store, oak).await.expect("an end");
}

#[tokio::test]
async fn another_user_is_deleted_only_by_an_administrator() {
    let fixture = Fixture::new().await;
    let (ash, gary) = (fixture.user("ash").await.user.id, fixture.user("gary").await.user.id);
    let by = async |by: UserId| {
        let record = record(by, Action::DeleteAccount);
        fixture.store.begin_deletion(&fixture.meter, by, ash, false, &record).await
    };
    assert_refused(by(gary).await, Condition::Administrator);
    assert!(!fixture.standing(ash).await.is_deleting);
    by(fixture.admin("oak").await.user.id).await.expect("a beginning");
}

#[tokio::test]
async fn a_deletion_leaves_the_names_of_other_accounts() {
    let fixture = Fixture::new().await;
    let (ash, oak) = (fixture.user("ash").await, fixture.user("oak").await);
    // A profile of an earlier release, whose names today belong to another account.
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: i64| AttributeValue::N(number.to_string());
    let values = [
        ("username", text("oak")),
        ("email", text("oak@example.com")),
        ("is_admin", AttributeValue::Bool(false)),
        ("created_at", number(1)),
        ("updated_at", number(1)),
        ("version", number(1)),
    ];
    fixture.put(&fixture.tables.app, &format!("USER#{}", ash.user.id), "PROFILE", &values).await;
    begin(&fixture.store, ash.user.id).await.expect("a beginning");
    finish(&fixture.store, ash.user.id).await.expect("an end");
    for login in ["oak", "oak@example.com"] {
        assert_eq!(fixture.owner_of(login).await, Some(oak.user.id), "{login}");
    }
}
