//! A user id in capital letters is the same id (RFC 9562, 4) on every route.

use domain::audit::Action;
use http::Method;
use serde_json::json;
use tests::{ASH, House, PASSWORD, SampleUsers, problem};

/// The statuses of everything that a user can do on the paths of `id`, in an order that undoes each change.
async fn visit(house: &House, users: &SampleUsers, id: &str) -> Vec<u16> {
    let token = users.token();
    let user = format!("/api/v1/users/{id}");
    let mut statuses = Vec::new();
    for (method, path, body) in [
        (Method::GET, user.clone(), None),
        (Method::HEAD, user.clone(), None),
        (Method::PUT, user.clone(), Some(json!({"username": "ash_ketchum"}))),
        (Method::GET, format!("{user}/favorites"), None),
        (Method::POST, format!("{user}/favorites"), Some(json!({"pokemon_id": 7}))),
        (Method::DELETE, format!("{user}/favorites"), Some(json!({"pokemon_id": 7}))),
        (Method::POST, format!("{user}/favorites/bulk"), Some(json!({"pokemon_ids": [7, 8]}))),
        (Method::DELETE, format!("{user}/favorites/8"), None),
        (Method::DELETE, format!("{user}/favorites/bulk"), Some(json!({"pokemon_ids": [7]}))),
    ] {
        statuses.push(house.call(method, &path, Some(&token), body.as_ref()).await.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn an_id_in_capitals_names_the_same_user_on_every_route() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let expected = [200, 200, 200, 200, 201, 200, 200, 200, 200];
    for id in [ASH.to_owned(), ASH.to_uppercase(), ASH.replace('a', "A")] {
        assert_eq!(visit(&house, &users, &id).await, expected, "{id}");
    }
    for id in [users.oak.to_string(), users.oak.to_string().to_uppercase()] {
        assert_eq!(visit(&house, &users, &id).await, [403; 9], "{id}");
    }
    let admin = users.admin_token();
    for id in [ASH.to_owned(), ASH.to_uppercase()] {
        let listed =
            house.call(Method::GET, &format!("/api/v1/admin/audit?actor={id}"), Some(&admin), None).await;
        assert!(listed.json()["events"].as_array().is_some_and(|events| events.len() > 3), "{id}");
    }
    let gone = format!("/api/v1/users/{}", ASH.to_uppercase());
    let password = json!({"password": PASSWORD});
    assert_eq!(house.call(Method::DELETE, &gone, Some(&users.token()), Some(&password)).await.status, 200);
}

#[tokio::test]
async fn an_idempotency_key_covers_every_spelling_of_the_id() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let authorization = format!("Bearer {}", users.token());
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", "one-key"),
    ];
    for (id, replayed) in [(ASH.to_owned(), None), (ASH.to_uppercase(), Some("true"))] {
        let path = format!("/api/v1/users/{id}/favorites");
        let body = json!({"pokemon_id": 7}).to_string();
        let answer = house.send_body(Method::POST, &path, &headers, body).await;
        assert_eq!((answer.status.as_u16(), answer.header("idempotency-replayed")), (201, replayed), "{id}");
    }
    let added = users.trail(users.ash).await;
    assert_eq!(added.iter().filter(|(action, _)| *action == Action::AddFavorite).count(), 1);
}

#[tokio::test]
async fn an_id_in_another_spelling_is_not_an_id() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    for id in [ASH.replace('-', ""), format!("%7B{ASH}%7D"), format!("urn:uuid:{ASH}")] {
        let path = format!("/api/v1/users/{id}/favorites");
        let answer = house.call(Method::GET, &path, Some(&users.token()), None).await;
        assert_eq!(
            (answer.status.as_u16(), &problem(&answer, &id)["code"]),
            (403, &json!("forbidden")),
            "{id}"
        );
    }
}
