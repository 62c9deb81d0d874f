//! Sessions: begun, rotated once for each token, and ended.

use std::sync::Arc;

use adapters::{
    now,
    store::{
        Meter,
        accounts::{AccountStore, Condition, OpenSession, Refused},
    },
    tokens::FamilyId,
};
use domain::{
    accounts::{Session, UserId},
    audit::Action,
};

use super::support::{Fixture, HASH, assert_one, assert_refused, at_once, begin_session, record};

async fn rotate(store: &AccountStore, user: UserId, open: &OpenSession) -> Result<Session, Refused> {
    let after = open.session.rotated(now()).expect("a successor");
    let (change, record) = ((&open.session, &after), record(user, Action::Refresh));
    store.rotate(&Meter::default(), user, open.family, change, &record).await?;
    Ok(after)
}

async fn end(store: &AccountStore, user: UserId, family: FamilyId) -> Result<(), Refused> {
    store.end_session(&Meter::default(), user, family, &record(user, Action::Logout)).await
}

async fn session(fixture: &Fixture, user: UserId, family: FamilyId) -> Option<Session> {
    fixture.store.session(&fixture.meter, user, family).await.expect("a read")
}

#[tokio::test]
async fn a_session_is_stored_listed_and_ended_once() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let open = begin_session(&fixture.store, ash).await.expect("a session");
    assert_eq!(session(&fixture, ash, open.family).await.as_ref(), Some(&open.session));
    let listed = fixture.store.sessions(&fixture.meter, ash).await.expect("a read");
    assert!(listed.len() == 2 && listed.contains(&open), "the registration began one as well: {listed:?}");
    end(&fixture.store, ash, open.family).await.expect("an end");
    assert_eq!(session(&fixture, ash, open.family).await, None);
    assert_refused(end(&fixture.store, ash, open.family).await, Condition::Session);
    assert_eq!(fixture.targets(ash, Action::Logout).await.len(), 1);
}

#[tokio::test]
async fn a_session_is_not_begun_in_a_frozen_account() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    fixture.freeze(ash).await;
    assert_refused(begin_session(&fixture.store, ash).await, Condition::Active);
    assert_eq!(fixture.store.sessions(&fixture.meter, ash).await.expect("a read").len(), 1);
}

#[tokio::test]
async fn a_stronger_hash_is_stored_unless_the_password_has_changed() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let begin = async |old, new| {
        let open = OpenSession { family: FamilyId::random(), session: Session::begin(now(), 0) };
        let record = record(ash, Action::Login);
        fixture.store.begin_session(&fixture.meter, ash, &open, Some((old, new)), &record).await
    };
    begin(HASH, "stronger").await.expect("a session");
    let credentials = fixture.store.credentials_of(&fixture.meter, ash).await.expect("a read");
    assert_eq!(credentials.expect("credentials").hash, "stronger");
    assert_refused(begin(HASH, "strongest").await, Condition::Unchanged);
    assert_eq!(fixture.store.sessions(&fixture.meter, ash).await.expect("a read").len(), 2);
}

#[tokio::test]
async fn a_token_rotates_once() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let open = begin_session(&fixture.store, ash).await.expect("a session");
    let after = rotate(&fixture.store, ash, &open).await.expect("a rotation");
    assert_eq!(session(&fixture, ash, open.family).await, Some(after));
    assert_refused(rotate(&fixture.store, ash, &open).await, Condition::Unchanged);
    assert_eq!(fixture.targets(ash, Action::Refresh).await.len(), 1);
}

#[tokio::test]
async fn of_several_rotations_at_once_one_succeeds() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let open = Arc::new(begin_session(&fixture.store, ash).await.expect("a session"));
    let store = Arc::new(fixture.store.clone());
    let results = at_once(8, |_| {
        let (store, open) = (Arc::clone(&store), Arc::clone(&open));
        async move { rotate(&store, ash, &open).await }
    })
    .await;
    assert_one(&results, Condition::Unchanged);
    assert_eq!(session(&fixture, ash, open.family).await.expect("a session").counter, 1);
    assert_eq!(fixture.targets(ash, Action::Refresh).await.len(), 1);
}

#[tokio::test]
async fn a_rotation_whose_answer_is_lost_is_made_once() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let open = begin_session(&fixture.store, ash).await.expect("a session");
    let (store, tap) = fixture.tapped().await;
    tap.lose_answers(2);
    let after = rotate(&store, ash, &open).await.expect("the third attempt is answered");
    assert_eq!(session(&fixture, ash, open.family).await, Some(after));
    assert_eq!(fixture.targets(ash, Action::Refresh).await.len(), 1);
}

#[tokio::test]
async fn a_session_that_has_ended_is_not_rotated() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let open = begin_session(&fixture.store, ash).await.expect("a session");
    end(&fixture.store, ash, open.family).await.expect("an end");
    assert_refused(rotate(&fixture.store, ash, &open).await, Condition::Unchanged);
    fixture.store.record_password(&fixture.meter, ash, open.family, now()).await.expect("no error");
    assert_eq!(session(&fixture, ash, open.family).await, None);
}

#[tokio::test]
async fn a_rotation_and_an_end_at_once_leave_no_session() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    for _ in 0..5 {
        let open = begin_session(&fixture.store, ash).await.expect("a session");
        let (rotated, ended) =
            futures_util::join!(rotate(&fixture.store, ash, &open), end(&fixture.store, ash, open.family));
        ended.expect("an end");
        if let Err(refused) = rotated {
            assert!(refused.is(&Condition::Unchanged), "{refused:?}");
        }
        assert_eq!(session(&fixture, ash, open.family).await, None);
    }
}

#[tokio::test]
async fn a_rotation_in_a_frozen_account_is_refused() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let open = begin_session(&fixture.store, ash).await.expect("a session");
    fixture.freeze(ash).await;
    assert_refused(rotate(&fixture.store, ash, &open).await, Condition::Active);
    end(&fixture.store, ash, open.family).await.expect("a frozen account may sign out");
}

#[tokio::test]
async fn a_checked_password_is_recorded_in_its_session_only() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let (one, other) = (
        begin_session(&fixture.store, ash).await.expect("a session"),
        begin_session(&fixture.store, ash).await.expect("a session"),
    );
    let later = now().plus(60);
    fixture.store.record_password(&fixture.meter, ash, one.family, later).await.expect("a record");
    assert_eq!(session(&fixture, ash, one.family).await.expect("a session").password_at, Some(later));
    assert_eq!(session(&fixture, ash, other.family).await, Some(other.session));
}
