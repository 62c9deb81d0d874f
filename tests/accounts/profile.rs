//! `/api/v1/auth/profile`: nothing that somebody has written is overwritten unseen.

use std::sync::Arc;

use domain::audit::Action;
use futures_util::FutureExt as _;
use http::Method;
use serde_json::json;
use tests::{Residents, event, invoke_event, problem};

use super::{PROFILE, at_once, count};

#[tokio::test]
async fn of_fifty_who_have_seen_one_version_one_writes() {
    let residents = Arc::new(Residents::new().await);
    let app = Arc::new(api::App::new(api::Config { limits: None, ..residents.config() }, {
        let client = adapters::aws::at(&residents.url);
        || client
    }));
    for version in 1..=3 {
        let answers = at_once(50, |nth| {
            let (residents, app) = (Arc::clone(&residents), Arc::clone(&app));
            async move {
                let route = api::routes::UPDATE_PROFILE;
                let mut event = residents.fill(&event(&route));
                event["headers"]["if-match"] = json!(format!("\"{version}\""));
                event["body"] = json!({"username": format!("ash_{version}_{nth}")}).to_string().into();
                invoke_event(&app, &route, &event).await
            }
            .boxed()
        })
        .await;
        assert_eq!((count(&answers, 200), count(&answers, 412)), (1, 49), "{answers:?}");
        let won = answers.iter().find(|answer| answer.status == 200).unwrap();
        assert_eq!(won.header("etag"), Some(format!("\"{}\"", version + 1).as_str()));
    }
    let changes = residents.trail(residents.ash).await;
    assert_eq!(changes.iter().filter(|(action, _)| *action == Action::UpdateProfile).count(), 3);
}

#[tokio::test]
async fn names_move_and_free_what_they_leave() {
    let residents = Residents::new().await;
    let house = residents.house().await;
    let token = residents.token();
    let put =
        async |body: serde_json::Value| house.call(Method::PUT, PROFILE, Some(&token), Some(&body)).await;
    assert_eq!(put(json!({"username": "Red", "email": "red@example.com"})).await.json()["username"], "Red");
    let body = super::someone("ash_ketchum");
    assert_eq!(super::post(&house, super::REGISTER, &body).await.status, 201, "both are free again");
    let taken = put(json!({"username": "ASH_ketchum"})).await;
    assert_eq!((taken.status.as_u16(), &problem(&taken, "taken")["code"]), (409, &json!("username_taken")));
    assert_eq!(put(json!({"username": "RED"})).await.json()["username"], "RED", "one's own in other letters");
    let before = house.call(Method::GET, PROFILE, Some(&token), None).await;
    assert_eq!(put(json!({})).await.body, before.body, "nothing asked, nothing changed");
    assert_eq!(put(json!({"username": "RED"})).await.header("etag"), before.header("etag"));
}

#[tokio::test]
async fn a_password_needs_the_one_before() {
    let residents = Residents::new().await;
    let house = residents.house().await;
    let token = residents.token();
    let new = "cerulean city, route 24";
    for (body, status, field) in [
        (json!({"password": new}), 422, "current_password"),
        (json!({"password": new, "current_password": "wrong"}), 403, "current_password"),
        (json!({"password": "password", "current_password": tests::PASSWORD}), 422, "password"),
        (json!({"is_admin": true}), 422, "is_admin"),
        (json!({"username": null, "email": 5}), 422, "email"),
    ] {
        let answer = house.call(Method::PUT, PROFILE, Some(&token), Some(&body)).await;
        let told = problem(&answer, field);
        assert_eq!((answer.status.as_u16(), &told["errors"][0]["field"]), (status, &json!(field)), "{body}");
    }
}

#[tokio::test]
async fn a_change_goes_ahead_only_on_a_version_that_is_listed() {
    let residents = Residents::new().await;
    let app = residents.app(&residents.url);
    let route = api::routes::UPDATE_PROFILE;
    let mut name = 0;
    let mut put = async |header: &str, list: &str| {
        name += 1;
        let mut event = residents.fill(&event(&route));
        event["headers"][header] = json!(list);
        event["body"] = json!({"username": format!("ash_{name}")}).to_string().into();
        invoke_event(&app, &route, &event).await.status.as_u16()
    };
    for refused in ["\"2\"", "W/\"1\"", "\"0\", W/\"1\"", "\"\"", "1", "", "\"1", "\"2\", *"] {
        assert_eq!(put("if-match", refused).await, 412, "If-Match: {refused}");
    }
    for (version, list) in
        [(1, "\"1\""), (2, "\"1\", \"2\""), (3, "W/\"3\",\"3\" , \"x\""), (4, "*"), (5, "\"a,b\", \"5\"")]
    {
        assert_eq!(put("if-match", list).await, 200, "If-Match: {list} on version {version}");
    }
    for refused in ["*", "\"6\"", "W/\"6\"", "\"1\", W/\"6\""] {
        assert_eq!(put("if-none-match", refused).await, 412, "If-None-Match: {refused}");
    }
    assert_eq!(put("if-none-match", "\"1\", \"66\"").await, 200);
}

#[tokio::test]
async fn an_administrators_change_heeds_if_match_too() {
    let residents = Residents::new().await;
    let house = residents.house().await;
    let path = format!("/api/v1/users/{}", residents.ash);
    let authorization = format!("Bearer {}", residents.admin_token());
    let etag = house.send(Method::GET, &path, &[("authorization", authorization.as_str())]).await;
    let etag = etag.header("etag").expect("an ETag").to_owned();
    for (list, body, status) in [
        ("\"nonsense\"", json!({"is_admin": true}), 412),
        (etag.as_str(), json!({"is_admin": true}), 200),
        (etag.as_str(), json!({"is_admin": false}), 412),
    ] {
        let headers = [
            ("authorization", authorization.as_str()),
            ("if-match", list),
            ("content-type", "application/json"),
        ];
        let answer = house.send_body(Method::PUT, &path, &headers, body.to_string()).await;
        assert_eq!(answer.status, status, "{list}: {body}");
        assert!(status != 200 || answer.header("etag").is_some_and(|after| after != etag));
    }
}
