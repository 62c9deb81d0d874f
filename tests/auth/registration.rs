//! `POST /api/v1/auth/register`

use std::sync::Arc;

use adapters::store::Meter;
use domain::audit::Outcome;
use futures_util::FutureExt as _;
use http::Method;
use serde_json::json;
use tests::{PASSWORD, SampleUsers, problem};

use crate::accounts::{LOGIN, PROFILE, REGISTER, at_once, count, post, someone};

#[tokio::test]
async fn registration_signs_the_user_in() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let registered = post(&house, REGISTER, &someone("Misty_W")).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    assert_eq!(registered.header("cache-control"), Some("private, no-store"));
    let body = registered.json();
    assert_eq!((&body["user"]["username"], &body["expires_in"]), (&json!("Misty_W"), &json!(900)));
    assert!(body["message"].is_string() && body["user"]["created_at"].is_string());
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(house.call(Method::GET, PROFILE, Some(token), None).await.json(), body["user"]);
    for login in ["misty_w", "MISTY_W", "Misty_w@EXAMPLE.com"] {
        let credentials = json!({"username": login, "password": PASSWORD});
        assert_eq!(post(&house, LOGIN, &credentials).await.json()["user"], body["user"], "{login}");
    }
}

#[tokio::test]
async fn of_many_simultaneous_registrations_of_one_name_one_succeeds() {
    let users = SampleUsers::new().await;
    let house = Arc::new(users.house().await);
    let answers = at_once(32, |_| {
        let house = Arc::clone(&house);
        async move { post(&house, REGISTER, &someone("gary")).await }.boxed()
    })
    .await;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 31), "{answers:?}");
    // The names differ; the address is the same one in different spellings.
    let spelled =
        ["mew@exämple.com", "MEW@xn--exmple-cua.com", "ＭＥＷ@example.com", "mew@EXA\u{308}MPLE.com"];
    let answers = at_once(spelled.len(), |nth| {
        let (house, email) = (Arc::clone(&house), spelled[nth]);
        let body = json!({"username": format!("mew_{nth}"), "email": email, "password": PASSWORD});
        async move { post(&house, REGISTER, &body).await }.boxed()
    })
    .await;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (2, 2), "one of each domain: {answers:?}");
}

#[tokio::test]
async fn a_taken_name_is_409_naming_it_and_stores_nothing() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    for (username, email, code, fields) in [
        ("ASH_Ketchum", "other@example.com", "username_taken", &["username"][..]),
        ("other", "ASH_KETCHUM@example.com", "email_taken", &["email"]),
        ("ash_ketchum", "ash_ketchum@example.com", "username_taken", &["username", "email"]),
    ] {
        let body = json!({"username": username, "email": email, "password": PASSWORD});
        let answer = post(&house, REGISTER, &body).await;
        let reported = problem(&answer, username);
        let named: Vec<_> =
            reported["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
        assert_eq!((answer.status.as_u16(), &reported["code"]), (409, &json!(code)));
        assert_eq!(named, fields);
    }
    let today = adapters::now().to_string()[..10].to_owned();
    let trail = users.accounts.trail_on(&Meter::default(), &today, None, 1000).await.expect("a trail");
    let mut taken: Vec<_> = trail
        .events
        .iter()
        .filter(|event| event.outcome == Outcome::Taken)
        .map(|event| &event.target)
        .collect();
    taken.sort();
    let [email, username] = [Some("email".to_owned()), Some("username".to_owned())];
    assert_eq!(taken, [&email, &email, &username, &username], "refused claims are in the trail");
    assert_eq!(post(&house, REGISTER, &someone("other")).await.status, 201, "neither was kept from others");
}

#[tokio::test]
async fn one_response_lists_every_validation_error() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let fields = async |body: serde_json::Value| -> Vec<String> {
        let answer = post(&house, REGISTER, &body).await;
        assert_eq!(answer.status, 422, "{body}: {answer:?}");
        let reported = problem(&answer, "a registration");
        let errors = reported["errors"].as_array().unwrap();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(fields(json!({})).await, ["username", "email", "password"]);
    assert_eq!(fields(json!({"username": "a b", "email": "x", "password": "short"})).await.len(), 3);
    for common in ["password", "qwertyuiop", "brock_of_pewter", "Pokedex1"] {
        let body = json!({"username": "brock_of_pewter", "email": "b@example.com", "password": common});
        assert_eq!(fields(body).await, ["password"], "{common}");
    }
    // A request cannot make its sender an administrator.
    for more in ["is_admin", "id", "created_at", "__proto__", "constructor"] {
        let mut body = someone("giovanni");
        body[more] = json!(true);
        assert_eq!(fields(body).await, [more]);
    }
    for odd in ["a\u{0}b", "a\u{202e}b", "e\u{301}ve", "\u{1b}[31mred", "ash\r\nx: y", "аsh"] {
        let mut body = someone("giovanni");
        body["username"] = json!(odd);
        assert_eq!(fields(body).await, ["username"], "{odd:?}");
    }
    let long = "x".repeat(128);
    let body =
        json!({"username": "giovanni", "email": "g@example.com", "password": format!("route 24, {long}")});
    assert_eq!(post(&house, REGISTER, &body).await.status, 201, "long passwords are taken");
}
