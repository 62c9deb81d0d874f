//! Changes of a profile, conditioned on its version.

use std::sync::Arc;

use adapters::{
    now,
    store::accounts::{Condition, ProfileChange, ProfileRecord},
};
use domain::{
    accounts::{Email, Username},
    audit::Action,
};

use super::support::{
    Fixture, assert_one, assert_refused, at_once, begin_session, change_at, event, record, register, rename,
    user,
};

#[tokio::test]
async fn a_change_of_name_and_address_is_stored_with_an_event_for_each() {
    let fixture = Fixture::new().await;
    let before = fixture.user("ash").await;
    let change = ProfileChange {
        username: Some(Username::parse("red").expect("a user name")),
        email: Some(Email::parse("red@example.com").expect("an address")),
        ..ProfileChange::default()
    };
    let after = before.changed(&change, now());
    let id = before.user.id;
    let field = |field: &str| event(id, Action::UpdateProfile, Some(field.to_owned()));
    let (first, more) = (field("email").into(), [field("username")]);
    let record = ProfileRecord { record: &first, more: &more };
    let changed = fixture.store.change_profile(&fixture.meter, (&before, &after), &change, &record).await;
    changed.expect("a change");
    assert_eq!((fixture.stored(id).await, after.version), (after, before.version + 1));
    for login in ["red", "red@example.com"] {
        assert_eq!(fixture.owner_of(login).await, Some(id), "{login}");
    }
    let mut fields = fixture.targets(id, Action::UpdateProfile).await;
    fields.sort();
    assert_eq!(fields, ["email", "username"]);
}

#[tokio::test]
async fn a_change_of_capitals_keeps_the_name() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await;
    let after = rename(&fixture.store, &ash, "ASH").await.expect("the same name");
    assert_eq!((after.user.username.as_str(), after.reserved.len()), ("ASH", 0));
    assert_eq!(fixture.owner_of("ash").await, Some(ash.user.id));
}

#[tokio::test]
async fn a_change_of_an_outdated_version_is_refused() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await;
    let red = rename(&fixture.store, &ash, "red").await.expect("a new name");
    assert_refused(rename(&fixture.store, &ash, "blue").await, Condition::Unchanged);
    assert_eq!(fixture.stored(ash.user.id).await, red);
    register(&fixture.store, &user("blue")).await.expect("the name is free");
}

#[tokio::test]
async fn a_change_to_the_name_of_another_user_is_refused() {
    let fixture = Fixture::new().await;
    let (ash, gary) = (fixture.user("ash").await, fixture.user("gary").await);
    let refused = rename(&fixture.store, &ash, "gary").await.expect_err("it is taken");
    assert!(refused.is(&Condition::Username) && !refused.has(&Condition::Unchanged), "{refused:?}");
    assert_eq!(fixture.owner_of("gary").await, Some(gary.user.id));
    assert_eq!(
        (fixture.stored(ash.user.id).await, fixture.targets(ash.user.id, Action::UpdateProfile).await.len()),
        (ash, 0)
    );
}

#[tokio::test]
async fn a_change_of_a_frozen_account_is_refused() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await;
    fixture.freeze(ash.user.id).await;
    assert_refused(rename(&fixture.store, &ash, "red").await, Condition::Active);
    let change = ProfileChange { hash: Some("new".to_owned()), ..ProfileChange::default() };
    assert_refused(change_at(&fixture.store, &ash, &change, now()).await, Condition::Active);
    assert_eq!(fixture.stored(ash.user.id).await, ash);
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_but_one() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await;
    let id = ash.user.id;
    let (kept, other) = (
        begin_session(&fixture.store, id).await.expect("a session"),
        begin_session(&fixture.store, id).await.expect("a session"),
    );
    let change =
        ProfileChange { hash: Some("new".to_owned()), kept: Some(kept.family), ..ProfileChange::default() };
    change_at(&fixture.store, &ash, &change, now()).await.expect("a new password");
    let epoch = fixture.standing(id).await.epoch;
    assert_eq!(epoch, 1);
    for (open, is_alive) in [(kept, true), (other, false)] {
        let session = fixture.store.session(&fixture.meter, id, open.family).await.expect("a read");
        assert_eq!(session.expect("a session").is_alive(now(), epoch), is_alive);
    }
    let credentials = fixture.store.credentials_of(&fixture.meter, id).await.expect("a read");
    assert_eq!(credentials.expect("credentials").hash, "new");
}

#[tokio::test]
async fn a_new_password_in_a_session_that_has_ended_is_refused() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await;
    let id = ash.user.id;
    let open = begin_session(&fixture.store, id).await.expect("a session");
    fixture
        .store
        .end_session(&fixture.meter, id, open.family, &record(id, Action::Logout))
        .await
        .expect("an end");
    let change =
        ProfileChange { hash: Some("new".to_owned()), kept: Some(open.family), ..ProfileChange::default() };
    assert_refused(change_at(&fixture.store, &ash, &change, now()).await, Condition::Session);
    assert_eq!((fixture.stored(id).await, fixture.standing(id).await.epoch), (ash, 0));
    assert_eq!(fixture.store.session(&fixture.meter, id, open.family).await.expect("a read"), None);
}

#[tokio::test]
async fn of_several_changes_at_once_one_succeeds_and_the_other_names_stay_free() {
    let fixture = Fixture::new().await;
    let ash = Arc::new(fixture.user("ash").await);
    let store = Arc::new(fixture.store.clone());
    let results = at_once(6, |nth| {
        let (store, ash) = (Arc::clone(&store), Arc::clone(&ash));
        async move { rename(&store, &ash, &format!("ash_{nth}")).await }
    })
    .await;
    assert_one(&results, Condition::Unchanged);
    let winner = results.into_iter().find_map(Result::ok).expect("one");
    assert_eq!(fixture.stored(ash.user.id).await, winner);
    for name in (0..6).map(|nth| format!("ash_{nth}")).filter(|name| *name != winner.user.username.as_str()) {
        let mut other = user(&name);
        other.email = Email::parse(&format!("{name}@example.org")).expect("an address");
        register(&fixture.store, &other).await.expect("the name is free");
    }
    assert_eq!(fixture.targets(ash.user.id, Action::UpdateProfile).await.len(), 1);
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_made_once() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await;
    let (store, tap) = fixture.tapped().await;
    tap.lose_answers(1);
    let red = rename(&store, &ash, "red").await.expect("the second attempt is answered");
    assert_eq!(fixture.stored(ash.user.id).await, red);
    assert_eq!(fixture.targets(ash.user.id, Action::UpdateProfile).await.len(), 1);
}
