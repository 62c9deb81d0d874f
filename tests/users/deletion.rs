//! The deletion of an account: all personal data is removed, and the audit trail keeps the id.

use adapters::{aws, store::Meter};
use api::jobs::deletions::finish_deletions;
use domain::audit::Event;
use http::Method;
use serde_json::json;
use tests::{ASH, PASSWORD, SampleUsers, problem, some_event};

use crate::accounts::{LOGIN, PROFILE, REGISTER, post, someone};

/// Every item of the account's tables, as text.
async fn everything(users: &SampleUsers) -> String {
    let client = aws::at(&users.url);
    let mut text = String::new();
    for table in [&users.tables.app, &users.tables.ephemeral] {
        let mut pages = client.scan().table_name(table).into_paginator().items().send();
        while let Some(item) = pages.next().await {
            text.push_str(&format!("{:?}\n", item.unwrap()));
        }
    }
    text
}

async fn assert_forgotten(users: &SampleUsers) {
    let left = everything(users).await;
    for trace in [ASH, "ash_ketchum", "example.com/ash"] {
        assert!(!left.contains(trace), "{trace} in {left}");
    }
    assert!(
        !users.accounts.trail_of(&Meter::default(), users.ash, None, 10).await.unwrap().events.is_empty()
    );
}

async fn like_many(users: &SampleUsers) {
    let record = |_: &[u32]| some_event(users.ash).into();
    let ids = (1..=200).collect();
    users.accounts.add_favorites(&Meter::default(), users.ash, &ids, record).await.unwrap();
}

#[tokio::test]
async fn a_deletion_leaves_no_personal_data() {
    let users = SampleUsers::new().await;
    like_many(&users).await;
    let house = users.house().await;
    let token = users.token();
    for former in ["red", "ash_ketchum"] {
        let body = json!({"username": former, "email": format!("{former}@example.com")});
        assert_eq!(house.call(Method::PUT, PROFILE, Some(&token), Some(&body)).await.status, 200);
    }
    let delete = async |body| house.call(Method::DELETE, PROFILE, Some(&token), Some(&body)).await;
    assert_eq!(delete(json!({})).await.status, 422);
    let wrong = delete(json!({"password": "wrong"})).await;
    assert_eq!(
        (wrong.status.as_u16(), &problem(&wrong, "wrong")["errors"][0]["field"]),
        (403, &json!("password"))
    );
    let deleted = delete(json!({"password": PASSWORD})).await;
    assert_eq!(deleted.status, 200, "{deleted:?}");
    assert_forgotten(&users).await;
    assert_eq!(house.call(Method::GET, PROFILE, Some(&token), None).await.status, 401);
    let path = format!("/api/v1/users/{ASH}/favorites");
    let written = house.call(Method::POST, &path, Some(&token), Some(&json!({"pokemon_id": 1}))).await;
    assert_eq!(written.status, 401, "nothing can be written to it any more");
    let body = json!({"username": "ash_ketchum", "password": PASSWORD});
    assert_eq!(post(&house, LOGIN, &body).await.status, 401);
    for name in ["ash_ketchum", "red"] {
        assert_eq!(post(&house, REGISTER, &someone(name)).await.status, 201, "{name} is free");
    }
}

#[tokio::test]
async fn an_interrupted_deletion_is_completed() {
    let users = SampleUsers::new().await;
    like_many(&users).await;
    let (accounts, meter) = (&users.accounts, Meter::default());
    let record = some_event(users.ash).into();
    accounts.begin_deletion(&meter, users.ash, users.ash, false, &record).await.unwrap();
    assert!(
        accounts.begin_deletion(&meter, users.ash, users.ash, false, &record).await.is_err(),
        "it is begun once"
    );
    let house = users.house().await;
    let path = format!("/api/v1/users/{ASH}/favorites");
    let body = json!({"pokemon_id": 900});
    assert_eq!(house.call(Method::POST, &path, Some(&users.token()), Some(&body)).await.status, 401);
    assert_eq!(finish_deletions(accounts, None, &meter).await.unwrap(), 1);
    assert_eq!(finish_deletions(accounts, None, &meter).await.unwrap(), 0);
    assert_forgotten(&users).await;
}

#[tokio::test]
async fn an_administrator_deletes_without_the_password() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let path = format!("/api/v1/users/{ASH}");
    let oak = users.admin_token();
    assert_eq!(house.call(Method::DELETE, &path, Some(&oak), None).await.status, 200);
    assert_eq!(house.call(Method::DELETE, &path, Some(&oak), None).await.status, 404);
    assert_forgotten(&users).await;
}

#[tokio::test]
async fn concurrent_finishers_record_each_step_of_a_deletion_once() {
    let users = SampleUsers::new().await;
    like_many(&users).await;
    let (accounts, ash) = (&users.accounts, users.ash);
    let record = some_event(ash).into();
    accounts.begin_deletion(&Meter::default(), ash, ash, false, &record).await.unwrap();
    let favorites = accounts.favorites(&Meter::default(), ash).await.unwrap().len();
    // The account also has two sessions, and the deletion has a last step.
    let steps = (favorites + 2).div_ceil(45) + 1;
    let end = async |who: u32| {
        let record = || Event { request_id: format!("finisher {who}"), ..some_event(ash) }.into();
        // A request that meets another one in the last step may report a conflict.
        let _ = accounts.finish_deletion(&Meter::default(), ash, record).await;
    };
    futures_util::future::join_all((0..6).map(end)).await;
    assert_forgotten(&users).await;
    let trail = accounts.trail_of(&Meter::default(), ash, None, 1000).await.unwrap().events;
    let recorded = trail.iter().filter(|event| event.request_id.starts_with("finisher")).count();
    assert_eq!(recorded, steps);
}
