//! `POST /api/v1/auth/login`

use adapters::passwords;
use domain::audit::{Action, Outcome};
use serde_json::{Value, json};
use tests::{Call, PASSWORD, SampleUsers, Tap, event, invoke_event, problem};

use crate::accounts::{LOGIN, post};

/// The operations and tables of the database calls that a login makes, without their keys and values.
async fn calls(users: &SampleUsers, tap: &Tap, username: &str, password: &str) -> (u16, Vec<String>) {
    let route = api::routes::LOGIN_USER;
    let mut event = event(&route);
    // Each login comes from a different address: a bucket that is not full takes one more call.
    event["requestContext"]["http"]["sourceIp"] = format!("192.0.2.{}", username.len()).into();
    event["body"] = json!({"username": username, "password": password}).to_string().into();
    let app = users.app(&tap.url);
    let _ = tap.take();
    let answer = invoke_event(&app, &route, &event).await;
    let shape = |call: Call| format!("{} {}", call.operation, call.body["TableName"]);
    (answer.status.as_u16(), tap.take().into_iter().map(shape).collect())
}

#[tokio::test]
async fn a_sign_in_does_not_reveal_whether_the_account_exists() {
    let users = SampleUsers::new().await;
    let tap = Tap::on(&users.url).await;
    let known = calls(&users, &tap, "ash_ketchum", "wrong").await;
    assert_eq!(known.0, 401);
    for unknown in ["nobody", "nobody@example.com", "no name at all"] {
        assert_eq!(calls(&users, &tap, unknown, "wrong").await, known, "{unknown}");
    }
    let house = users.house().await;
    let answer = async |name: &str| {
        let mut reported = post(&house, LOGIN, &json!({"username": name, "password": "wrong"})).await.json();
        reported.as_object_mut().unwrap().remove("request_id");
        reported
    };
    assert_eq!(answer("ash_ketchum").await, answer("nobody").await);
    assert_eq!(answer("nobody").await["message"], "Invalid username or password");
}

#[tokio::test]
async fn each_outcome_is_in_the_trail() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let sign_in = async |password: &str| {
        post(&house, LOGIN, &json!({"username": "ash_ketchum", "password": password})).await
    };
    assert_eq!(sign_in("wrong").await.status, 401);
    assert_eq!(sign_in(PASSWORD).await.status, 200);
    users.set_standing(users.ash, false, true).await;
    let frozen = sign_in(PASSWORD).await;
    assert_eq!(
        (frozen.status.as_u16(), &problem(&frozen, "frozen")["code"]),
        (403, &json!("account_frozen"))
    );
    assert_eq!(
        sign_in("wrong").await.status,
        401,
        "a caller without the password does not learn that either"
    );
    let outcomes = [Outcome::WrongCredentials, Outcome::Done, Outcome::Frozen, Outcome::WrongCredentials];
    assert_eq!(users.trail(users.ash).await, outcomes.map(|outcome| (Action::Login, outcome)));
}

#[tokio::test]
async fn a_hash_with_weaker_parameters_is_replaced_at_sign_in() {
    let users = SampleUsers::new().await;
    users.weaken_hash(PASSWORD).await;
    let house = users.house().await;
    let hash = async || {
        let meter = adapters::store::Meter::default();
        users.accounts.credentials_of(&meter, users.ash).await.unwrap().unwrap().hash
    };
    let typed = domain::accounts::Password::typed(PASSWORD);
    assert_eq!(passwords::check(&typed, Some(&hash().await)), Ok(passwords::Checked::RightButWeak));
    let body = json!({"username": "ash_ketchum", "password": PASSWORD});
    assert_eq!(post(&house, LOGIN, &body).await.status, 200);
    assert_eq!(passwords::check(&typed, Some(&hash().await)), Ok(passwords::Checked::Right));
    assert_eq!(post(&house, LOGIN, &body).await.status, 200);
}

#[tokio::test]
async fn an_invalid_sign_in_is_422_naming_the_fields() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    for (body, fields) in [
        (json!({}), &["username", "password"][..]),
        (json!({"username": "ash"}), &["password"]),
        (json!({"username": "", "password": "x"}), &["username"]),
        (json!({"username": "ash", "password": "x", "remember": true}), &["remember"]),
    ] {
        let answer = post(&house, LOGIN, &body).await;
        let reported = problem(&answer, "a login");
        let named: Vec<&Value> =
            reported["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
        assert_eq!(
            (answer.status.as_u16(), named),
            (422, fields.iter().map(|f| json!(f)).collect::<Vec<_>>().iter().collect())
        );
    }
}
