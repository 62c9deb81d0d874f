//! Stored values that today's rules would refuse: they are read, listed, frozen and deleted like any other.

use adapters::store::{Key, Meter};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::audit::{Action, Outcome};
use http::Method;
use serde_json::json;
use tests::{PASSWORD, Residents};

use super::{LOGIN, PROFILE, REFRESH, post};

/// Ash, with a name and an address that no registration accepts.
async fn with_old_names(username: &str, email: &str) -> Residents {
    let residents = Residents::new().await;
    let key = Key { pk: format!("USER#{}", residents.ash), sk: "PROFILE".to_owned() };
    let text = |text: &str| AttributeValue::S(text.to_owned());
    residents
        .rewrite(&residents.tables.app, &key, &[("username", text(username)), ("email", text(email))])
        .await;
    residents
}

const OLD: [(&str, &str); 4] = [
    ("ash_ketchum", "ash@localhost"),
    ("a", "not an address"),
    ("ash-ketchum", "\"a b\"@example.com"),
    ("", ""),
];

#[tokio::test]
async fn an_account_with_an_old_name_signs_in_and_refreshes() {
    for (username, email) in OLD {
        let residents = with_old_names(username, email).await;
        let house = residents.house().await;
        let signed_in = post(&house, LOGIN, &json!({"username": "ash_ketchum", "password": PASSWORD})).await;
        assert_eq!(signed_in.status, 200, "{email}: {signed_in:?}");
        assert_eq!(signed_in.json()["user"]["email"], email);
        let refresh = json!({"refresh_token": signed_in.json()["refresh_token"]});
        assert_eq!(post(&house, REFRESH, &refresh).await.status, 200, "{email}");
        let token = residents.token();
        assert_eq!(house.call(Method::GET, PROFILE, Some(&token), None).await.json()["username"], username);
        let new = json!({"username": "red", "email": "red@example.com"});
        let changed = house.call(Method::PUT, PROFILE, Some(&token), Some(&new)).await;
        assert_eq!(changed.status, 200, "{email}: {changed:?}");
    }
}

#[tokio::test]
async fn an_administrator_lists_freezes_and_deletes_an_account_with_an_old_name() {
    for (username, email) in OLD {
        let residents = with_old_names(username, email).await;
        let house = residents.house().await;
        let oak = residents.admin_token();
        let user = format!("/api/v1/users/{}", residents.ash);
        let listed = house.call(Method::GET, "/api/v1/users", Some(&oak), None).await;
        assert_eq!(listed.status, 200, "{email}: {listed:?}");
        assert!(listed.json()["users"].as_array().unwrap().iter().any(|user| user["email"] == email));
        for body in [json!({"is_frozen": true}), json!({"is_frozen": false})] {
            let frozen = house.call(Method::PUT, &user, Some(&oak), Some(&body)).await;
            assert_eq!(frozen.status, 200, "{email} {body}: {frozen:?}");
        }
        assert_eq!(house.call(Method::DELETE, &user, Some(&oak), None).await.status, 200, "{email}");
        assert!(residents.accounts.user(&Meter::default(), residents.ash).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_deletion_removes_items_that_cannot_be_read_and_no_item_of_another_account() {
    let residents = with_old_names("oak", "oak@example.com").await;
    let pk = format!("USER#{}", residents.ash);
    for (table, sk) in [
        (&residents.tables.app, "FAVORITE#00026"),
        (&residents.tables.app, "FAVORITE#missingno"),
        (&residents.tables.ephemeral, "SESSION#of an older form"),
    ] {
        residents.put(table, &Key { pk: pk.clone(), sk: sk.to_owned() }, &[]).await;
    }
    let house = residents.house().await;
    let (oak, user) = (residents.admin_token(), format!("/api/v1/users/{}", residents.ash));
    let deleted = house.call(Method::DELETE, &user, Some(&oak), None).await;
    assert_eq!(deleted.status, 200, "{deleted:?}");
    assert!(residents.accounts.user(&Meter::default(), residents.ash).await.unwrap().is_none());
    for login in ["oak", "oak@example.com"] {
        let body = json!({"username": login, "password": PASSWORD});
        assert_eq!(post(&house, LOGIN, &body).await.status, 200, "{login} is another account's");
    }
}

#[tokio::test]
async fn events_of_a_later_release_are_listed() {
    let residents = Residents::new().await;
    let event = tests::some_event(residents.ash);
    let key = Key { pk: format!("ACTOR#{}", residents.ash), sk: event.id.to_string() };
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let values = [
        ("at", AttributeValue::N(event.at.unix().to_string())),
        ("actor", text(&residents.ash.to_string())),
        ("action", text("evolve")),
        ("outcome", text("postponed")),
        ("request_id", text("later")),
    ];
    residents.put(&residents.tables.audit, &key, &values).await;
    assert!(residents.trail(residents.ash).await.contains(&(Action::Unknown, Outcome::Unknown)));
}
