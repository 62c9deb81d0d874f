//! Registrations: one transaction for the account, its names, its first session and the event.

use std::sync::Arc;

use adapters::store::{
    StoreError,
    accounts::{Condition, Refused},
};
use domain::{
    accounts::{Email, Username},
    audit::Action,
};

use super::support::{Fixture, HASH, assert_one, assert_refused, at_once, register, user};

#[tokio::test]
async fn a_registration_stores_the_account_its_session_and_its_event() {
    let fixture = Fixture::new().await;
    let ash = user("ash");
    register(&fixture.store, &ash).await.expect("a registration");
    let stored = fixture.stored(ash.id).await;
    assert_eq!((&stored.user, stored.version, stored.reserved.len()), (&ash, 1, 0));
    let standing = fixture.standing(ash.id).await;
    assert_eq!(
        (standing.is_admin, standing.is_frozen, standing.is_deleting, standing.epoch),
        (false, false, false, 0)
    );
    for login in ["ash", "ASH", "ash@example.com"] {
        assert_eq!(fixture.owner_of(login).await, Some(ash.id), "{login}");
    }
    let credentials = fixture.store.credentials_of(&fixture.meter, ash.id).await.expect("a read");
    assert_eq!(credentials.expect("credentials").hash, HASH);
    assert_eq!(fixture.store.sessions(&fixture.meter, ash.id).await.expect("a read").len(), 1);
    assert_eq!(fixture.count().await, 1);
    let events = fixture.events(ash.id).await;
    assert_eq!(events.iter().map(|event| event.action).collect::<Vec<_>>(), [Action::Register]);
}

#[tokio::test]
async fn a_taken_user_name_is_refused_and_nothing_is_stored() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await;
    let mut other = user("gary");
    other.username = Username::parse("Ash").expect("a user name");
    let refused = register(&fixture.store, &other).await.expect_err("the name is taken");
    assert!(refused.has(&Condition::Username) && !refused.has(&Condition::Email), "{refused:?}");
    assert_eq!(fixture.owner_of("ash").await, Some(ash.user.id));
    assert_eq!((fixture.owner_of("gary@example.com").await, fixture.count().await), (None, 1));
    assert_eq!(fixture.events(other.id).await, []);
    assert!(!fixture.everything().await.contains(&other.id.to_string()));
}

#[tokio::test]
async fn a_taken_address_is_refused_and_the_name_stays_free() {
    let fixture = Fixture::new().await;
    fixture.user("ash").await;
    let mut other = user("gary");
    other.email = Email::parse("ash@example.com").expect("an address");
    let refused = register(&fixture.store, &other).await.expect_err("the address is taken");
    assert!(refused.has(&Condition::Email) && !refused.has(&Condition::Username), "{refused:?}");
    assert_eq!(fixture.owner_of("gary").await, None);
    fixture.user("gary").await;
}

#[tokio::test]
async fn a_taken_name_and_a_taken_address_are_both_reported() {
    let fixture = Fixture::new().await;
    fixture.user("ash").await;
    let refused = register(&fixture.store, &user("ash")).await.expect_err("both are taken");
    assert!(refused.has(&Condition::Username) && refused.has(&Condition::Email), "{refused:?}");
}

#[tokio::test]
async fn a_registration_sent_twice_is_stored_once() {
    let fixture = Fixture::new().await;
    let ash = user("ash");
    register(&fixture.store, &ash).await.expect("a registration");
    assert_refused(register(&fixture.store, &ash).await, Condition::Username);
    assert_eq!((fixture.count().await, fixture.events(ash.id).await.len()), (1, 1));
}

#[tokio::test]
async fn of_ten_registrations_of_one_name_at_once_one_succeeds() {
    let fixture = Fixture::new().await;
    let store = Arc::new(fixture.store.clone());
    let results = at_once(10, |nth| {
        let store = Arc::clone(&store);
        async move {
            let mut user = user("ash");
            user.email = Email::parse(&format!("{nth}@example.com")).expect("an address");
            register(&store, &user).await.map(|()| user.id)
        }
    })
    .await;
    assert_one(&results, Condition::Username);
    let winner = results.into_iter().find_map(Result::ok);
    assert_eq!((fixture.owner_of("ash").await, fixture.count().await), (winner, 1));
    let listed = fixture.store.users(&fixture.meter, 0, 100).await.expect("users").users;
    assert_eq!(listed.into_iter().map(|stored| Some(stored.user.id)).collect::<Vec<_>>(), [winner]);
}

#[tokio::test]
async fn registrations_at_once_are_all_counted() {
    let fixture = Fixture::new().await;
    let (store, faults) = fixture.conflicting().await;
    let store = Arc::new(store);
    let results = at_once(24, |nth| {
        let store = Arc::clone(&store);
        async move { register(&store, &user(&format!("trainer_{nth}"))).await }
    })
    .await;
    let done = results.iter().filter(|result| result.is_ok()).count();
    assert!(
        results.iter().all(|result| matches!(result, Ok(()) | Err(Refused::Store(StoreError::Busy { .. }))))
    );
    assert!(faults.conflicts() > 0, "some of them share a counter");
    assert_eq!(fixture.count().await as usize, done);
    assert_eq!(fixture.store.users(&fixture.meter, 0, 100).await.expect("users").users.len(), done);
}

#[tokio::test]
async fn a_registration_whose_answer_is_lost_is_executed_once() {
    let fixture = Fixture::new().await;
    let (store, tap) = fixture.tapped().await;
    tap.lose_answers(2);
    let ash = user("ash");
    register(&store, &ash).await.expect("the third attempt is answered");
    assert_eq!(tap.take().len(), 3);
    assert_eq!((fixture.count().await, fixture.events(ash.id).await.len()), (1, 1));
}

#[tokio::test]
async fn a_registration_that_never_arrives_stores_nothing() {
    let fixture = Fixture::new().await;
    let (store, tap) = fixture.tapped().await;
    tap.set_down(true);
    let ash = user("ash");
    let refused = register(&store, &ash).await.expect_err("the engine is down");
    assert!(matches!(refused, Refused::Store(StoreError::Unavailable { .. })), "{refused:?}");
    assert_eq!((fixture.count().await, fixture.owner_of("ash").await), (0, None));
    tap.set_down(false);
    register(&store, &ash).await.expect("it is up again");
    assert_eq!(fixture.count().await, 1);
}

#[tokio::test]
async fn a_registration_that_meets_others_is_retried_and_finally_busy() {
    let fixture = Fixture::new().await;
    let (store, tap) = fixture.tapped().await;
    tap.cancel_transactions(2, "TransactionConflict");
    register(&store, &user("ash")).await.expect("the third attempt meets no other");
    let attempts = tap.take();
    let tokens: Vec<_> = attempts.iter().map(|call| call.body["ClientRequestToken"].clone()).collect();
    assert!(tokens.len() == 3 && tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    tap.cancel_transactions(100, "TransactionConflict");
    let refused = register(&store, &user("gary")).await.expect_err("it meets others at each attempt");
    assert!(matches!(refused, Refused::Store(StoreError::Busy { .. })), "{refused:?}");
    assert_eq!((tap.take().len(), fixture.count().await), (6, 1));
}
