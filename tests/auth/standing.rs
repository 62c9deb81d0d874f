//! The validity of a token after its account is deleted or frozen, or its session has ended: each request reads the account and the session
//! again.

use adapters::{
    aws,
    store::{Key, Meter},
    tokens::FamilyId,
};
use api::{
    App, Route,
    routes::{self},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    accounts::UserId,
    audit::{Action, Outcome},
};
use door::route::{Access, Authorization};
use http::Method;
use serde_json::{Value, json};
use tests::{Answer, SampleUsers, Tap, event, invoke_event, problem};

use crate::accounts::{LOGIN, PROFILE, REFRESH, post};
use crate::workshop::Home;

const LOGOUT: &str = "/api/v1/auth/logout";

fn private_routes() -> Vec<Route> {
    let mut routes = routes::all();
    routes.retain(|route| route.spec.authorization == Authorization::Checked);
    assert!(routes.len() >= 20, "{}", routes.len());
    routes
}

/// Sends the sample request of a private route, or of a list by favorites, with `token`.
async fn ask(app: &App, route: &Route, users: &SampleUsers, token: &str) -> Answer {
    let mut event = users.fill(&event(route));
    if route.spec.name == "list-pokemon" {
        event["rawQueryString"] = json!("sort=favorites");
    }
    event["headers"]["authorization"] = format!("Bearer {token}").into();
    invoke_event(app, route, &event).await
}

fn app(users: &SampleUsers) -> App {
    let client = aws::at(&users.url);
    App::new(users.without_limits(), || client)
}

#[tokio::test]
async fn a_deleted_accounts_token_is_401_on_every_private_route() {
    for route in private_routes().into_iter().chain([routes::LIST_POKEMON]) {
        let users = Home::of(&route.spec).await;
        let (meter, record) = (Meter::default(), || tests::some_event(users.ash).into());
        let accounts = &users.accounts;
        accounts.begin_deletion(&meter, users.ash, users.ash, false, &record()).await.expect("a deletion");
        for step in ["begun", "finished"] {
            if step == "finished" {
                accounts.finish_deletion(&meter, users.ash, record).await.expect("a deletion");
            }
            let answer = ask(&app(&users), &route, &users, &users.token()).await;
            let problem = problem(&answer, route.spec.name);
            let expected = (401, "invalid_token");
            let found = (answer.status.as_u16(), problem["code"].as_str().unwrap());
            assert_eq!(found, expected, "{} when the deletion has {step}", route.spec.name);
        }
    }
}

#[tokio::test]
async fn an_account_that_is_being_deleted_neither_signs_in_nor_refreshes() {
    let users = SampleUsers::new().await;
    let (ash, record) = (users.ash, tests::some_event(users.ash).into());
    users.accounts.begin_deletion(&Meter::default(), ash, ash, false, &record).await.expect("a deletion");
    let house = users.house().await;
    for (path, body, code) in [
        (LOGIN, json!({"username": "ash_ketchum", "password": tests::PASSWORD}), "invalid_credentials"),
        (REFRESH, json!({"refresh_token": users.refresh_token()}), "invalid_refresh_token"),
    ] {
        let answer = post(&house, path, &body).await;
        assert_eq!((answer.status.as_u16(), &problem(&answer, path)["code"]), (401, &json!(code)));
    }
}

#[tokio::test]
async fn a_token_of_an_ended_session_is_401_on_every_private_route_but_logout() {
    for route in private_routes().into_iter().chain([routes::LIST_POKEMON]) {
        let users = Home::of(&route.spec).await;
        let record = tests::some_event(users.ash).into();
        let (meter, accounts) = (Meter::default(), &users.accounts);
        accounts.end_session(&meter, users.ash, users.session, &record).await.expect("a session");
        let answer = ask(&app(&users), &route, &users, &users.token()).await;
        let expected = if route.spec.access == Access::Session { 200 } else { 401 };
        assert_eq!(answer.status, expected, "{}", route.spec.name);
    }
}

#[tokio::test]
async fn a_new_password_makes_the_other_sessions_tokens_401_for_reading_too() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let (mine, elsewhere) = (users.token(), users.token_of(users.ash, users.elsewhere));
    let read = async |token: &str| house.call(Method::GET, PROFILE, Some(token), None).await.status.as_u16();
    assert_eq!((read(&mine).await, read(&elsewhere).await), (200, 200));
    let change = json!({"password": "cerulean city, route 24", "current_password": tests::PASSWORD});
    assert_eq!(house.call(Method::PUT, PROFILE, Some(&mine), Some(&change)).await.status, 200);
    assert_eq!((read(&mine).await, read(&elsewhere).await), (200, 401));
}

#[tokio::test]
async fn a_frozen_user_reads_but_changes_nothing() {
    for route in private_routes().into_iter().chain([routes::LIST_POKEMON]) {
        let users = Home::of(&route.spec).await;
        users.set_standing(users.ash, false, true).await;
        let answer = ask(&app(&users), &route, &users, &users.token()).await;
        let is_read = route.spec.method == Method::GET && route.spec.access != Access::Admin;
        if is_read || route.spec.access == Access::Session {
            assert_eq!(answer.status, 200, "{}", route.spec.name);
        } else {
            let problem = problem(&answer, route.spec.name);
            assert_eq!((answer.status.as_u16(), &problem["code"]), (403, &json!("account_frozen")));
        }
    }
}

#[tokio::test]
async fn a_frozen_user_signs_out() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    users.set_standing(users.ash, false, true).await;
    let out = house.call(Method::POST, LOGOUT, Some(&users.token()), None).await;
    assert_eq!((out.status.as_u16(), &out.json()["message"]), (200, &json!("Logout successful")));
    let session = users.accounts.session(&Meter::default(), users.ash, users.session).await;
    assert_eq!(session.expect("an answer"), None, "the session has ended");
    assert_eq!(users.trail(users.ash).await, [(Action::Logout, Outcome::Done)]);
    let back = json!({"username": "ash_ketchum", "password": tests::PASSWORD});
    assert_eq!(post(&house, LOGIN, &back).await.status, 403, "it is frozen all the same");
}

#[tokio::test]
async fn signing_out_twice_at_once_ends_one_session_once() {
    let users = SampleUsers::new().await;
    let (app, token) = (app(&users), users.token());
    let both = futures_util::future::join(
        ask(&app, &routes::LOGOUT_USER, &users, &token),
        ask(&app, &routes::LOGOUT_USER, &users, &token),
    );
    let (first, second) = both.await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
    assert_eq!(users.trail(users.ash).await, [(Action::Logout, Outcome::Done)]);
}

#[tokio::test]
async fn each_private_read_reads_standing_and_session_consistently_and_once() {
    for route in private_routes().into_iter().chain([routes::LIST_POKEMON]) {
        if route.spec.method != Method::GET {
            continue;
        }
        let users = Home::of(&route.spec).await;
        let tap = Tap::on(&users.url).await;
        let is_admins = route.spec.access == Access::Admin;
        let token = if is_admins { users.admin_token() } else { users.token() };
        assert_eq!(ask(&users.app(&tap.url), &route, &users, &token).await.status, 200);
        let user: UserId = if is_admins { users.oak } else { users.ash };
        let calls = tap.take();
        for (table, kind) in [(&users.tables.app, "STATUS"), (&users.tables.ephemeral, "SESSION#")] {
            let reads: Vec<_> = calls
                .iter()
                .filter(|call| call.operation == "GetItem" && call.body["TableName"] == table.as_str())
                .filter(|call| call.body["Key"]["pk"]["S"] == format!("USER#{user}"))
                .filter(|call| call.body["Key"]["sk"]["S"].as_str().unwrap().starts_with(kind))
                .collect();
            assert_eq!(reads.len(), 1, "{}: {kind}", route.spec.name);
            assert_eq!(reads[0].body["ConsistentRead"], Value::Bool(true), "{}: {kind}", route.spec.name);
        }
    }
}

#[tokio::test]
async fn a_session_that_has_expired_but_is_not_swept_is_401() {
    let users = SampleUsers::new().await;
    let family = FamilyId::random();
    let key = Key { pk: format!("USER#{}", users.ash), sk: format!("SESSION#{family}") };
    let number = |value: i64| AttributeValue::N(value.to_string());
    let now = adapters::now().unix();
    let values = [
        ("counter", number(0)),
        ("created_at", number(now - 3_000_000)),
        ("rotated_at", number(now - 3_000_000)),
        ("expires_at", number(now - 1)),
        ("epoch", number(0)),
    ];
    users.put(&users.tables.ephemeral, &key, &values).await;
    let token = users.token_of(users.ash, family);
    assert_eq!(ask(&app(&users), &routes::GET_PROFILE, &users, &token).await.status, 401);
}
