//! Stored values that today's rules would reject: they are read, listed, frozen and deleted like any others.

use adapters::store::{Key, Meter};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::audit::{Action, Outcome};
use http::Method;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tests::{PASSWORD, SampleUsers};

use crate::accounts::{LOGIN, PROFILE, REFRESH, post};

/// Ash, with a name and an address that no registration accepts.
async fn with_old_names(username: &str, email: &str) -> SampleUsers {
    let users = SampleUsers::new().await;
    let key = Key { pk: format!("USER#{}", users.ash), sk: "PROFILE".to_owned() };
    let text = |text: &str| AttributeValue::S(text.to_owned());
    users.rewrite(&users.tables.app, &key, &[("username", text(username)), ("email", text(email))]).await;
    users
}

/// The items that lead from a user name and an address to an account, as they were stored when both were valid.
async fn lead_to_ash(users: &SampleUsers, username: &str, email: &str) {
    let hash: String = Sha256::digest(email).iter().map(|byte| format!("{byte:02x}")).collect();
    for (pk, sk) in [(format!("USERNAME#{username}"), "USERNAME"), (format!("EMAIL#{hash}"), "EMAIL")] {
        let key = Key { pk, sk: sk.to_owned() };
        let id = AttributeValue::S(users.ash.to_string());
        users.put(&users.tables.app, &key, &[("user", id)]).await;
    }
}

#[tokio::test]
async fn an_old_user_name_and_an_old_address_sign_in() {
    for (username, email) in
        [("ash-ketchum", "ash@localhost"), ("a", "\"a b\"@example.com"), ("a.k", "ash@pallet")]
    {
        let users = with_old_names(username, email).await;
        lead_to_ash(&users, username, email).await;
        let house = users.house().await;
        for name in [username, email] {
            let signed_in = post(&house, LOGIN, &json!({"username": name, "password": PASSWORD})).await;
            assert_eq!(signed_in.status, 200, "{name}: {signed_in:?}");
            assert_eq!(signed_in.json()["user"]["username"], username);
        }
    }
}

#[tokio::test]
async fn one_unreadable_item_hides_no_other() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let (ash, oak) = (users.token(), users.admin_token());
    let (user, trail) =
        (format!("/api/v1/users/{}", users.ash), format!("/api/v1/admin/audit?actor={}", users.ash));
    let favorites = format!("{user}/favorites");
    let added = house.call(Method::POST, &favorites, Some(&ash), Some(&json!({"pokemon_id": 150}))).await;
    assert_eq!(added.status, 201);
    let (pk, tables) = (format!("USER#{}", users.ash), &users.tables);
    for (table, pk, sk) in [
        (&tables.app, pk.clone(), "FAVORITE#00026"),
        (&tables.app, pk.clone(), "FAVORITE#missingno"),
        (&tables.ephemeral, pk.clone(), "SESSION#of an older form"),
        (&tables.audit, format!("ACTOR#{}", users.ash), "of an older form"),
    ] {
        users.put(table, &Key { pk, sk: sk.to_owned() }, &[]).await;
    }
    let elm = Key { pk: format!("USER#{}", users.elm), sk: "PROFILE".to_owned() };
    users.rewrite(&tables.app, &elm, &[("version", AttributeValue::S("one".to_owned()))]).await;
    let get = async |path: &str, token: &str| {
        let answer = house.call(Method::GET, path, Some(token), None).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    };
    let listed = get(&favorites, &ash).await["favorites"].clone();
    assert_eq!(
        listed.as_array().unwrap().iter().map(|row| &row["pokemon_id"]).collect::<Vec<_>>(),
        [25, 150]
    );
    let many = json!({"pokemon_ids": [25, 26, 27]});
    let bulk = house.call(Method::POST, &format!("{favorites}/bulk"), Some(&ash), Some(&many)).await;
    assert_eq!(bulk.status, 200, "{bulk:?}");
    assert_eq!(get("/api/v1/pokemon?sort=favorites&per_page=2", &ash).await["pokemon"][1]["id"], 27);
    assert_eq!(get("/api/v1/auth/sessions", &ash).await["sessions"].as_array().unwrap().len(), 2);
    let listed = get("/api/v1/users", &oak).await["users"].clone();
    let named = |name: &str| listed.as_array().unwrap().iter().any(|user| user["username"] == name);
    assert!(named("ash_ketchum") && named("oak") && !named("elm"), "{listed}");
    assert!(!get(&trail, &oak).await["events"].as_array().unwrap().is_empty());
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
        let users = with_old_names(username, email).await;
        let house = users.house().await;
        let signed_in = post(&house, LOGIN, &json!({"username": "ash_ketchum", "password": PASSWORD})).await;
        assert_eq!(signed_in.status, 200, "{email}: {signed_in:?}");
        assert_eq!(signed_in.json()["user"]["email"], email);
        let refresh = json!({"refresh_token": signed_in.json()["refresh_token"]});
        assert_eq!(post(&house, REFRESH, &refresh).await.status, 200, "{email}");
        let token = users.token();
        assert_eq!(house.call(Method::GET, PROFILE, Some(&token), None).await.json()["username"], username);
        let new = json!({"username": "red", "email": "red@example.com"});
        let changed = house.call(Method::PUT, PROFILE, Some(&token), Some(&new)).await;
        assert_eq!(changed.status, 200, "{email}: {changed:?}");
    }
}

#[tokio::test]
async fn an_administrator_lists_freezes_and_deletes_an_account_with_an_old_name() {
    for (username, email) in OLD {
        let users = with_old_names(username, email).await;
        let house = users.house().await;
        let oak = users.admin_token();
        let user = format!("/api/v1/users/{}", users.ash);
        let listed = house.call(Method::GET, "/api/v1/users", Some(&oak), None).await;
        assert_eq!(listed.status, 200, "{email}: {listed:?}");
        assert!(listed.json()["users"].as_array().unwrap().iter().any(|user| user["email"] == email));
        for body in [json!({"is_frozen": true}), json!({"is_frozen": false})] {
            let frozen = house.call(Method::PUT, &user, Some(&oak), Some(&body)).await;
            assert_eq!(frozen.status, 200, "{email} {body}: {frozen:?}");
        }
        assert_eq!(house.call(Method::DELETE, &user, Some(&oak), None).await.status, 200, "{email}");
        assert!(users.accounts.user(&Meter::default(), users.ash).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_deletion_removes_items_that_cannot_be_read_and_no_item_of_another_account() {
    let users = with_old_names("oak", "oak@example.com").await;
    let pk = format!("USER#{}", users.ash);
    for (table, sk) in [
        (&users.tables.app, "FAVORITE#00026"),
        (&users.tables.app, "FAVORITE#missingno"),
        (&users.tables.ephemeral, "SESSION#of an older form"),
    ] {
        users.put(table, &Key { pk: pk.clone(), sk: sk.to_owned() }, &[]).await;
    }
    let house = users.house().await;
    let (oak, user) = (users.admin_token(), format!("/api/v1/users/{}", users.ash));
    let deleted = house.call(Method::DELETE, &user, Some(&oak), None).await;
    assert_eq!(deleted.status, 200, "{deleted:?}");
    assert!(users.accounts.user(&Meter::default(), users.ash).await.unwrap().is_none());
    for login in ["oak", "oak@example.com"] {
        let body = json!({"username": login, "password": PASSWORD});
        assert_eq!(post(&house, LOGIN, &body).await.status, 200, "{login} is another account's");
    }
}

#[tokio::test]
async fn events_of_a_later_release_are_listed() {
    let users = SampleUsers::new().await;
    let event = tests::some_event(users.ash);
    let key = Key { pk: format!("ACTOR#{}", users.ash), sk: event.id.to_string() };
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let values = [
        ("at", AttributeValue::N(event.at.unix().to_string())),
        ("actor", text(&users.ash.to_string())),
        ("action", text("evolve")),
        ("outcome", text("postponed")),
        ("request_id", text("later")),
    ];
    users.put(&users.tables.audit, &key, &values).await;
    assert!(users.trail(users.ash).await.contains(&(Action::Unknown, Outcome::Unknown)));
}
