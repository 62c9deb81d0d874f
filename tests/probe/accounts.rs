//! The account of the probe: made by its first run, and made again if it is lost.

use api::jobs::journeys::Memory;
use domain::audit::{Action, Outcome};
use http::Method;
use serde_json::{Value, json};
use tests::House;

use super::support::Stage;

/// Replaces fields of the stored credentials.
async fn change_credentials(stage: &Stage, fields: Value) {
    let mut credentials = stage.credentials().await;
    let fields = fields.as_object().expect("an object").clone();
    credentials.as_object_mut().expect("an object").extend(fields);
    stage.secret.write(&credentials.to_string()).await.expect("a secret");
}

const LONG_AGO: &str = "2020-01-01T00:00:00Z";
/// A text that no account has as its password.
const WRONG: &str = "another one, route 2";

#[tokio::test]
async fn a_deleted_account_is_registered_again_with_the_same_name() {
    let stage = Stage::new().await;
    stage.passes(&Memory::default()).await;
    let (credentials, account) = (stage.credentials().await, stage.account().await);
    let house = House::already_at(&stage.front.url);
    let sign_in = json!({"username": credentials["username"], "password": credentials["password"]});
    let session = house.call(Method::POST, "/api/v1/auth/login", None, Some(&sign_in)).await.json();
    let (token, body) = (session["access_token"].as_str(), json!({"password": credentials["password"]}));
    let deleted = house.call(Method::DELETE, "/api/v1/auth/profile", token, Some(&body)).await;
    assert_eq!(deleted.status, 200, "{deleted:?}");
    stage.pass_a_quarter().await;
    let report = stage.passes(&Memory::default()).await;
    assert_eq!(report["user"]["played"], json!({"part": "signed-in", "account": "deleted"}));
    assert_eq!(stage.credentials().await, credentials);
    assert_ne!(stage.account().await, account);
}

#[tokio::test]
async fn an_account_with_another_password_is_replaced_once_a_day() {
    let stage = Stage::new().await;
    stage.passes(&Memory::default()).await;
    let (first, users) = (stage.credentials().await, stage.user_count().await);
    change_credentials(&stage, json!({"password": WRONG, "created_at": LONG_AGO})).await;
    stage.pass_a_quarter().await;
    let report = stage.passes(&Memory::default()).await;
    assert_eq!(report["user"]["played"], json!({"part": "signed-in", "account": "another password"}));
    assert_ne!(stage.credentials().await["username"], first["username"]);
    assert_eq!(stage.user_count().await, users + 1);
    // If sign-ins were broken, each run would register one more.
    change_credentials(&stage, json!({"password": WRONG})).await;
    stage.pass_a_quarter().await;
    for _ in 0..2 {
        let failed = stage.fails(&Memory::default()).await;
        assert_eq!(failed["step"], "sign-in", "{failed}");
        assert_eq!(failed["reason"], "answered 401, although the account exists");
    }
    assert_eq!(stage.user_count().await, users + 1);
}

#[tokio::test]
async fn a_secret_that_contains_something_else_is_replaced() {
    let stage = Stage::new().await;
    stage.secret.write("{}").await.expect("a secret");
    let report = stage.passes(&Memory::default()).await;
    assert_eq!(report["user"]["played"]["account"], "first");
    let username = stage.credentials().await["username"].as_str().expect("a name").to_owned();
    assert!(username.starts_with("probe_"), "{username}");
}

#[tokio::test]
async fn a_frozen_account_fails_the_sign_in() {
    let stage = Stage::new().await;
    stage.passes(&Memory::default()).await;
    stage.users.set_standing(stage.account().await, false, true).await;
    stage.pass_a_quarter().await;
    let failed = stage.fails(&Memory::default()).await;
    assert_eq!((&failed["step"], &failed["status"]), (&json!("sign-in"), &json!(403)), "{failed}");
    assert!(stage.trail().await.contains(&(Action::Login, Outcome::Frozen)));
}

/// The probe is a user as any other.
#[tokio::test]
async fn an_account_that_has_become_an_administrator_fails_the_profile() {
    let (stage, memory) = (Stage::new().await, Memory::default());
    stage.passes(&memory).await;
    let username = stage.credentials().await["username"].as_str().expect("a name").to_owned();
    local::admin::grant(&stage.users.accounts, &username).await.expect("a role");
    let failed = stage.fails(&memory).await;
    assert_eq!(
        (&failed["step"], &failed["reason"]),
        (&json!("profile"), &json!("the account is an administrator"))
    );
}
