//! The deletion of an account: all personal data is removed, and the audit trail keeps the id.

use adapters::{aws, store::Meter};
use api::jobs::deletions::finish_deletions;
use domain::audit::Event;
use http::Method;
use serde_json::json;
use tests::{ASH, PASSWORD, Residents, problem, some_event};

use crate::accounts::{LOGIN, PROFILE, REGISTER, post, someone};

/// Every item of the account's tables, as text.
async fn everything(residents: &Residents) -> String {
    let client = aws::at(&residents.url);
    let mut text = String::new();
    for table in [&residents.tables.app, &residents.tables.ephemeral] {
        let mut pages = client.scan().table_name(table).into_paginator().items().send();
        while let Some(item) = pages.next().await {
            text.push_str(&format!("{:?}\n", item.unwrap()));
        }
    }
    text
}

async fn assert_forgotten(residents: &Residents) {
    let left = everything(residents).await;
    for trace in [ASH, "ash_ketchum", "example.com/ash"] {
        assert!(!left.contains(trace), "{trace} in {left}");
    }
    assert!(
        !residents
            .accounts
            .trail_of(&Meter::default(), residents.ash, None, 10)
            .await
            .unwrap()
            .events
            .is_empty()
    );
}

async fn like_many(residents: &Residents) {
    let told = |_: &[u32]| some_event(residents.ash).into();
    let ids = (1..=200).collect();
    residents.accounts.add_favorites(&Meter::default(), residents.ash, &ids, told).await.unwrap();
}

#[tokio::test]
async fn a_deletion_leaves_no_personal_data() {
    let residents = Residents::new().await;
    like_many(&residents).await;
    let house = residents.house().await;
    let token = residents.token();
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
    assert_forgotten(&residents).await;
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
    let residents = Residents::new().await;
    like_many(&residents).await;
    let (accounts, meter) = (&residents.accounts, Meter::default());
    let told = some_event(residents.ash).into();
    accounts.begin_deletion(&meter, residents.ash, residents.ash, false, &told).await.unwrap();
    assert!(
        accounts.begin_deletion(&meter, residents.ash, residents.ash, false, &told).await.is_err(),
        "it is begun once"
    );
    let house = residents.house().await;
    let path = format!("/api/v1/users/{ASH}/favorites");
    let body = json!({"pokemon_id": 900});
    assert_eq!(house.call(Method::POST, &path, Some(&residents.token()), Some(&body)).await.status, 401);
    assert_eq!(finish_deletions(accounts, None, &meter).await.unwrap(), 1);
    assert_eq!(finish_deletions(accounts, None, &meter).await.unwrap(), 0);
    assert_forgotten(&residents).await;
}

#[tokio::test]
async fn an_administrator_deletes_without_the_password() {
    let residents = Residents::new().await;
    let house = residents.house().await;
    let path = format!("/api/v1/users/{ASH}");
    let oak = residents.admin_token();
    assert_eq!(house.call(Method::DELETE, &path, Some(&oak), None).await.status, 200);
    assert_eq!(house.call(Method::DELETE, &path, Some(&oak), None).await.status, 404);
    assert_forgotten(&residents).await;
}

#[tokio::test]
async fn concurrent_finishers_record_each_step_of_a_deletion_once() {
    let residents = Residents::new().await;
    like_many(&residents).await;
    let (accounts, ash) = (&residents.accounts, residents.ash);
    let told = some_event(ash).into();
    accounts.begin_deletion(&Meter::default(), ash, ash, false, &told).await.unwrap();
    let favorites = accounts.favorites(&Meter::default(), ash).await.unwrap().len();
    // The account also has two sessions, and the deletion has a last step.
    let steps = (favorites + 2).div_ceil(45) + 1;
    let end = async |who: u32| {
        let told = || Event { request_id: format!("finisher {who}"), ..some_event(ash) }.into();
        // A request that meets another one in the last step may report a conflict.
        let _ = accounts.finish_deletion(&Meter::default(), ash, told).await;
    };
    futures_util::future::join_all((0..6).map(end)).await;
    assert_forgotten(&residents).await;
    let trail = accounts.trail_of(&Meter::default(), ash, None, 1000).await.unwrap().events;
    let told = trail.iter().filter(|event| event.request_id.starts_with("finisher")).count();
    assert_eq!(told, steps);
}
