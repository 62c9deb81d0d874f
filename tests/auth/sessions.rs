//! Sessions, and refresh-token rotation.

use std::sync::Arc;

use adapters::{store::Meter, tokens::RefreshToken};
use domain::audit::{Action, Outcome};
use futures_util::FutureExt as _;
use http::Method;
use serde_json::{Value, json};
use tests::{PASSWORD, SampleUsers, problem, ring};

use crate::accounts::{LOGIN, PROFILE, REFRESH, at_once, count, post};

fn with(token: &str) -> Value {
    json!({"refresh_token": token})
}

#[tokio::test]
async fn of_a_hundred_simultaneous_refreshes_one_rotates() {
    let users = SampleUsers::new().await;
    let house = Arc::new(users.house().await);
    let first = users.refresh_token();
    let answers = at_once(100, |_| {
        let (house, body) = (Arc::clone(&house), with(&first));
        async move { post(&house, REFRESH, &body).await }.boxed()
    })
    .await;
    assert_eq!(count(&answers, 200), 100, "{answers:?}");
    for answer in &answers {
        assert_eq!(answer.json()["refresh_token"], users.refresh_token_of(1));
    }
    let session = users.accounts.session(&Meter::default(), users.ash, users.session).await;
    assert_eq!(session.unwrap().unwrap().counter, 1, "one rotation");
    let rotations = users.trail(users.ash).await;
    let done = rotations.iter().filter(|event| **event == (Action::Refresh, Outcome::Done)).count();
    assert_eq!(done, 1, "{rotations:?}");
    let repeated = rotations.iter().filter(|event| **event == (Action::Refresh, Outcome::Repeated)).count();
    assert_eq!(repeated, 99, "each use of the grace period is in the trail");
}

#[tokio::test]
async fn a_refresh_that_the_database_cancels_can_be_repeated() {
    let users = SampleUsers::new().await;
    let tap = tests::Tap::on(&users.url).await;
    let app = users.app(&tap.url);
    // The database cancels every attempt at the rotation: the response says when to retry, not that the session has ended.
    tap.cancel_transactions(100, "TransactionConflict");
    let route = api::routes::REFRESH_SESSION;
    let event = users.fill(&tests::event(&route));
    let refused = tests::invoke_event(&app, &route, &event).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    tap.cancel_transactions(0, "TransactionConflict");
    assert_eq!(tests::invoke_event(&app, &route, &event).await.status, 200, "nothing was rotated before");
}

#[tokio::test]
async fn a_lost_response_is_replayed_for_forty_seconds() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let first = users.refresh_token();
    assert_eq!(post(&house, REFRESH, &with(&first)).await.status, 200);
    let now = adapters::now().unix();
    users.redate(users.session, &[("rotated_at", now - 35)]).await;
    let again = post(&house, REFRESH, &with(&first)).await;
    assert_eq!(
        (again.status.as_u16(), &again.json()["refresh_token"]),
        (200, &json!(users.refresh_token_of(1)))
    );
    users.redate(users.session, &[("rotated_at", now - 60)]).await;
    assert_eq!(post(&house, REFRESH, &with(&first)).await.status, 401);
    let successor = users.refresh_token_of(1);
    assert_eq!(post(&house, REFRESH, &with(&successor)).await.status, 401, "the session has ended");
}

#[tokio::test]
async fn a_used_token_is_refused_after_a_clock_that_ran_ahead() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let first = users.refresh_token();
    assert_eq!(post(&house, REFRESH, &with(&first)).await.status, 200);
    users.redate(users.session, &[("rotated_at", adapters::now().unix() + 3600)]).await;
    assert_eq!(post(&house, REFRESH, &with(&first)).await.status, 401);
}

#[tokio::test]
async fn an_old_token_ends_the_session_once_a_thief_has_used_its_successor() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let stolen = users.refresh_token();
    let second = post(&house, REFRESH, &with(&stolen)).await.json()["refresh_token"].clone();
    let third = post(&house, REFRESH, &with(second.as_str().unwrap())).await.json();
    let owner = post(&house, REFRESH, &with(&stolen)).await;
    assert_eq!(
        (owner.status.as_u16(), &problem(&owner, "the owner")["code"]),
        (401, &json!("invalid_refresh_token"))
    );
    let thief = post(&house, REFRESH, &with(third["refresh_token"].as_str().unwrap())).await;
    assert_eq!(thief.status, 401, "the family has ended");
    let access = third["access_token"].as_str().unwrap();
    let write = house.call(Method::PUT, PROFILE, Some(access), Some(&json!({"username": "thief"}))).await;
    assert_eq!(write.status, 401, "an access token of the family writes nothing more");
    assert!(users.trail(users.ash).await.contains(&(Action::Refresh, Outcome::Replayed)));
}

#[tokio::test]
async fn a_lost_response_is_replayed_and_a_stolen_token_ends_the_session() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let first = users.refresh_token();
    let second = post(&house, REFRESH, &with(&first)).await.json()["refresh_token"].clone();
    let again = post(&house, REFRESH, &with(&first)).await;
    assert_eq!((again.status.as_u16(), &again.json()["refresh_token"]), (200, &second), "it was lost");
    let second = second.as_str().unwrap();
    let third = post(&house, REFRESH, &with(second)).await.json()["refresh_token"].clone();
    let replayed = post(&house, REFRESH, &with(&first)).await;
    assert_eq!(
        (replayed.status.as_u16(), &problem(&replayed, "a replay")["code"]),
        (401, &json!("invalid_refresh_token"))
    );
    let after = post(&house, REFRESH, &with(third.as_str().unwrap())).await;
    assert_eq!(after.status, 401, "the family is revoked");
    let outcomes = [Outcome::Done, Outcome::Repeated, Outcome::Done, Outcome::Replayed, Outcome::Ended];
    assert_eq!(users.trail(users.ash).await, outcomes.map(|outcome| (Action::Refresh, outcome)));
}

#[tokio::test]
async fn a_refresh_token_is_accepted_in_the_header_and_no_other_kind_is() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let shown = house.call(Method::POST, REFRESH, Some(&users.refresh_token()), None).await;
    assert_eq!(shown.status, 200);
    let access = house.call(Method::POST, REFRESH, Some(&users.token()), None).await;
    assert_eq!(
        (access.status.as_u16(), &problem(&access, "access")["code"]),
        (422, &json!("wrong_token_kind"))
    );
    assert_eq!(post(&house, REFRESH, &with("rt_forged")).await.status, 401);
    assert_eq!(post(&house, REFRESH, &json!({})).await.status, 422);
    // A token of a user and a session that never existed, sealed with the right key.
    let user = domain::accounts::UserId::new(1, [9; 10]);
    let token = RefreshToken { user, family: users.session, counter: 0 };
    assert_eq!(post(&house, REFRESH, &with(&token.seal(ring().refresh()))).await.status, 401);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let token = users.token();
    let list = async || house.call(Method::GET, "/api/v1/auth/sessions", Some(&token), None).await.json();
    let sessions = list().await["sessions"].as_array().unwrap().clone();
    assert_eq!(sessions.len(), 2);
    let current: Vec<_> = sessions.iter().filter(|session| session["is_current"] == true).collect();
    assert_eq!(current[0]["id"], users.session.to_string());
    let path = format!("/api/v1/auth/sessions/{}", users.elsewhere);
    assert_eq!(house.call(Method::DELETE, &path, Some(&token), None).await.status, 200);
    assert_eq!(house.call(Method::DELETE, &path, Some(&token), None).await.status, 404);
    assert_eq!(list().await["sessions"].as_array().unwrap().len(), 1);
    let out = async || house.call(Method::POST, "/api/v1/auth/logout", Some(&token), None).await;
    assert_eq!(out().await.status, 200);
    assert_eq!(out().await.status, 200, "it is over, which is what was asked for");
    assert_eq!(post(&house, REFRESH, &with(&users.refresh_token())).await.status, 401);
    assert_eq!(
        users.trail(users.ash).await,
        [
            (Action::EndSession, Outcome::Done),
            (Action::Logout, Outcome::Done),
            (Action::Refresh, Outcome::Ended)
        ]
    );
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let change = json!({"password": "cerulean city, route 24", "current_password": PASSWORD});
    let changed = house.call(Method::PUT, PROFILE, Some(&users.token()), Some(&change)).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let elsewhere = RefreshToken { user: users.ash, family: users.elsewhere, counter: 0 };
    assert_eq!(post(&house, REFRESH, &with(&elsewhere.seal(ring().refresh()))).await.status, 401);
    assert_eq!(post(&house, REFRESH, &with(&users.refresh_token())).await.status, 200, "its own goes on");
    for (password, status) in [(PASSWORD, 401), ("cerulean city, route 24", 200)] {
        let body = json!({"username": "ash_ketchum", "password": password});
        assert_eq!(post(&house, LOGIN, &body).await.status, status);
    }
}

#[tokio::test]
async fn an_ended_session_writes_nothing() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let (mine, stolen) = (users.token(), users.token_of(users.ash, users.elsewhere));
    let rename = async |token: &str, name: &str| {
        house.call(Method::PUT, PROFILE, Some(token), Some(&json!({"username": name}))).await.status.as_u16()
    };
    assert_eq!(rename(&stolen, "thief").await, 200);
    let change = json!({"password": "cerulean city, route 24", "current_password": PASSWORD});
    assert_eq!(house.call(Method::PUT, PROFILE, Some(&mine), Some(&change)).await.status, 200);
    assert_eq!(rename(&stolen, "thief_again").await, 401);
    assert_eq!(rename(&mine, "ash_again").await, 200);
    assert_eq!(house.call(Method::POST, "/api/v1/auth/logout", Some(&mine), None).await.status, 200);
    assert_eq!(rename(&mine, "ash_at_last").await, 401);
    assert_eq!(house.call(Method::GET, PROFILE, Some(&mine), None).await.status, 401, "and reads nothing");
}

#[tokio::test]
async fn an_administrator_loses_access_by_signing_out() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let oak = users.admin_token();
    let ask = async |path: &str| house.call(Method::GET, path, Some(&oak), None).await.status.as_u16();
    let another = format!("/api/v1/users/{}", tests::ASH);
    assert_eq!((ask("/api/v1/users").await, ask(&another).await), (200, 200));
    assert_eq!(house.call(Method::POST, "/api/v1/auth/logout", Some(&oak), None).await.status, 200);
    assert_eq!(
        (ask("/api/v1/users").await, ask(&another).await, ask("/api/v1/admin/audit").await),
        (401, 401, 401)
    );
}

#[tokio::test]
async fn a_frozen_account_stops_at_once() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    users.set_standing(users.ash, false, true).await;
    let token = users.token();
    let write = house.call(Method::PUT, PROFILE, Some(&token), Some(&json!({"username": "ash_again"}))).await;
    assert_eq!((write.status.as_u16(), &problem(&write, "a write")["code"]), (403, &json!("account_frozen")));
    assert_eq!(post(&house, REFRESH, &with(&users.refresh_token())).await.status, 403);
    assert_eq!(house.call(Method::GET, PROFILE, Some(&token), None).await.status, 200, "it may still read");
}

#[tokio::test]
async fn unknown_keys_are_not_looked_up_repeatedly() {
    let users = SampleUsers::new().await;
    let tap = tests::Tap::on(&users.url).await;
    let app = users.app(&tap.url);
    let ask = async |token: &str| {
        let mut event = users.fill(&tests::event(&api::routes::GET_PROFILE));
        event["headers"]["authorization"] = format!("Bearer {token}").into();
        tests::invoke_event(&app, &api::routes::GET_PROFILE, &event).await.status.as_u16()
    };
    let (issuer, ring) = (users.config().door.issuer(), adapters::tokens::KeyRing::generate(adapters::now()));
    let strange = adapters::tokens::Issuer { issuer: &issuer, keys: &ring }
        .issue(users.ash, users.session, adapters::now())
        .unwrap();
    assert_eq!(ask(&users.token()).await, 200);
    for _ in 0..20 {
        assert_eq!(ask(&strange).await, 401);
    }
    let looks = tap.take().iter().filter(|call| call.body["Key"]["pk"]["S"] == "JWKS").count();
    assert_eq!(looks, 1);
}
