//! Rate limits: per client and per account, and no client locks out another.

use std::sync::Arc;

use api::{App, Route, routes};
use door::limits::Limits;
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::{Answer, PASSWORD, SampleUsers, event, invoke_event, problem};

use crate::accounts::at_once;

/// As the usual limits, but no try comes back while a test runs.
fn slow_limits() -> Limits {
    Limits::parse("login=5/3600,password=5/3600").expect("limits")
}

fn slow_app(users: &SampleUsers) -> App {
    let client = adapters::aws::at(&users.url);
    App::new(users.with_limits(Some(slow_limits())), || client)
}

async fn ask(app: &App, route: &Route, from: &str, headers: Value, body: &Value) -> Answer {
    let mut event = event(route);
    event["requestContext"]["http"]["sourceIp"] = json!(from);
    for (name, value) in headers.as_object().into_iter().flatten() {
        event["headers"][name] = value.clone();
    }
    event["body"] = body.to_string().into();
    invoke_event(app, route, &event).await
}

fn wrong() -> Value {
    json!({"username": "ash_ketchum", "password": "wrong"})
}

#[tokio::test]
async fn the_sixth_sign_in_at_once_is_429_with_a_retry_after() {
    let users = Arc::new(SampleUsers::new().await);
    let app = Arc::new(users.app(&users.url));
    let answers = at_once(12, |_| {
        let app = Arc::clone(&app);
        async move { ask(&app, &routes::LOGIN_USER, "192.0.2.7", json!({}), &wrong()).await }.boxed()
    })
    .await;
    let limited: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert_eq!(limited.len(), 7, "however many come at once: {answers:?}");
    for answer in &answers {
        assert_eq!(answer.header("x-ratelimit-limit"), Some("5"));
        let number = |name: &str| answer.header(name).unwrap().parse::<u32>().unwrap();
        assert!(number("x-ratelimit-remaining") < 5 && (1..=62).contains(&number("x-ratelimit-reset")));
    }
    for answer in limited {
        assert_eq!(problem(answer, "a limit")["code"], "rate_limited");
        let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
        // On a busy machine, two seconds between the first request and the last.
        assert!((1..=14).contains(&wait), "{wait}");
    }
    // A refusal is counted as a metric, not recorded as an event.
    assert_eq!(users.trail(users.ash).await.len(), 5);
    let right = json!({"username": "ash_ketchum", "password": PASSWORD});
    let elsewhere = ask(&app, &routes::LOGIN_USER, "192.0.2.8", json!({}), &right).await;
    assert_eq!(elsewhere.status, 200, "the owner, elsewhere, is not kept out");
}

#[tokio::test]
async fn a_spoofed_header_changes_nothing() {
    let users = SampleUsers::new().await;
    let app = slow_app(&users);
    let mut statuses = Vec::new();
    for nth in 0..8 {
        let spoofed = json!({
            "x-forwarded-for": format!("198.51.100.{nth}, 203.0.113.{nth}"), "x-real-ip": format!("198.51.100.{nth}"),
            "forwarded": format!("for=198.51.100.{nth}"), "x-origin-verify": "guess",
        });
        statuses.push(ask(&app, &routes::LOGIN_USER, "192.0.2.7", spoofed, &wrong()).await.status.as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
}

#[tokio::test]
async fn two_ipv6_networks_are_two_clients() {
    let users = SampleUsers::new().await;
    let app = slow_app(&users);
    let from = async |address: &str| {
        ask(&app, &routes::LOGIN_USER, address, json!({}), &json!({"username": address, "password": "x"}))
            .await
            .status
            .as_u16()
    };
    for last in 1..=5 {
        assert_eq!(from(&format!("2001:db8:1:2::{last}")).await, 401);
    }
    assert_eq!(from("2001:db8:1:2:ffff::1").await, 429, "the same /64");
    assert_eq!(from("2001:db8:1:3::1").await, 401);
    for _ in 0..5 {
        assert_eq!(from("192.0.2.1").await, 401);
    }
    assert_eq!(from("::ffff:192.0.2.1").await, 429, "the same address in other letters");
}

#[tokio::test]
async fn behind_the_cdn_the_client_is_the_cdns_viewer() {
    let users = SampleUsers::new().await;
    let hash = |secret: &str| -> [u8; 32] { Sha256::digest(secret).into() };
    let mut config = users.with_limits(Some(slow_limits()));
    config.door.origin_verify = vec![hash("now"), hash("before")];
    let client = adapters::aws::at(&users.url);
    let app = App::new(config, || client);
    let come = async |verify: Option<&str>, forwarded: &str| {
        let mut headers = json!({"x-forwarded-for": forwarded});
        if let Some(verify) = verify {
            headers["x-origin-verify"] = json!(verify);
        }
        ask(&app, &routes::LOGIN_USER, "203.0.113.99", headers, &wrong()).await.status.as_u16()
    };
    assert_eq!(come(None, "192.0.2.1, 203.0.113.9").await, 403);
    assert_eq!(come(Some("guess"), "192.0.2.1, 203.0.113.9").await, 403);
    for (nth, verify) in ["now", "before", "now", "now", "now"].into_iter().enumerate() {
        let forwarded = format!("10.0.0.{nth}, 192.0.2.1, 203.0.113.{nth}");
        assert_eq!(come(Some(verify), &forwarded).await, 401, "{forwarded}");
    }
    assert_eq!(come(Some("now"), "10.0.0.9, 192.0.2.1, 203.0.113.9").await, 429);
    assert_eq!(come(Some("now"), "192.0.2.1, 192.0.2.2, 203.0.113.9").await, 401, "another client");
    let public = ask(&app, &routes::GET_HEALTH, "203.0.113.99", json!({}), &json!({})).await;
    assert_eq!(public.status, 403, "every route is behind it");
}

#[tokio::test]
async fn password_attempts_on_one_account_from_one_address_are_limited() {
    let users = SampleUsers::new().await;
    let limits = Some(Limits::parse("login=1000/60").unwrap());
    let client = adapters::aws::at(&users.url);
    let app = App::new(users.with_limits(limits), || client);
    let mut statuses = Vec::new();
    for spelled in ["ash_ketchum", "ASH_KETCHUM", "Ash_Ketchum"].into_iter().cycle().take(12) {
        let body = json!({"username": spelled, "password": "wrong"});
        statuses.push(ask(&app, &routes::LOGIN_USER, "192.0.2.7", json!({}), &body).await.status.as_u16());
    }
    assert_eq!(
        (&statuses[..10], &statuses[10..]),
        (&[401; 10][..], &[429; 2][..]),
        "ten, whatever the spelling"
    );
    for _ in 0..11 {
        let body = json!({"username": "nobody", "password": "wrong"});
        statuses.push(ask(&app, &routes::LOGIN_USER, "192.0.2.7", json!({}), &body).await.status.as_u16());
    }
    assert_eq!(statuses.last(), Some(&429), "an account that does not exist is limited in the same way");
}

#[tokio::test]
async fn each_limit_has_a_separate_bucket() {
    let users = SampleUsers::new().await;
    // Limits with a short window would be refilled during the count.
    let limits = Limits::parse("refresh=4/3600,bulk=3/3600,write=3/3600");
    let limits = Some(limits.expect("limits"));
    let client = adapters::aws::at(&users.url);
    let app = App::new(users.with_limits(limits), || client);
    let ask = async |route: &Route, body: Value| {
        let mut event = users.fill(&event(route));
        event["body"] = body.to_string().into();
        invoke_event(&app, route, &event).await.status.as_u16()
    };
    let wrong = json!({"password": "wrong"});
    for (route, body, free) in [
        (routes::REGISTER_USER, json!({"username": ""}), 5),
        (routes::REFRESH_SESSION, json!({"refresh_token": "rt_x"}), 4),
        (routes::ADD_FAVORITES, json!({"pokemon_ids": []}), 3),
        (routes::ADD_FAVORITE, json!({"pokemon_id": 0}), 3),
    ] {
        for nth in 0..free {
            assert!(ask(&route, body.clone()).await != 429, "{} after {nth}", route.spec.name);
        }
        assert_eq!(ask(&route, body).await, 429, "{}", route.spec.name);
    }
    // A password is checked at most five times, for all routes together.
    let users = SampleUsers::new().await;
    let app = slow_app(&users);
    let mut statuses = Vec::new();
    for nth in 0..6 {
        let route = if nth % 2 == 0 { routes::DELETE_PROFILE } else { routes::EXPORT_ACCOUNT };
        let mut event = users.fill(&event(&route));
        event["body"] = wrong.to_string().into();
        statuses.push(invoke_event(&app, &route, &event).await.status.as_u16());
    }
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429]);
}
