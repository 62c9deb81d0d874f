//! The keys that sign tokens, on one machine.

use std::{fs, os::unix::fs::PermissionsExt as _};

use http::Method;
use serde_json::json;
use tempfile::TempDir;
use tests::{House, PASSWORD};

use super::process::Process;

#[tokio::test]
async fn keys_are_created_for_one_user_alone_and_stay_the_same() {
    let folder = TempDir::new().unwrap();
    let arguments = ["--port", "0", "--data", "data"];
    let mut process = Process::in_folder(folder.path(), &arguments);
    let house = House::already_at(&process.ready().await);
    let path = folder.path().join("data/signing-keys.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let body = json!({"username": "ash", "email": "ash@example.com", "password": PASSWORD});
    let registered = house.call(Method::POST, "/api/v1/auth/register", None, Some(&body)).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    let token = registered.json()["access_token"].as_str().unwrap().to_owned();
    process.interrupt().await;

    let made = fs::read(&path).unwrap();
    let mut process = Process::in_folder(folder.path(), &arguments);
    let house = House::already_at(&process.ready().await);
    let profile = house.call(Method::GET, "/api/v1/auth/profile", Some(&token), None).await;
    assert_eq!((profile.status.as_u16(), &profile.json()["username"]), (200, &json!("ash")));
    assert_eq!(fs::read(&path).unwrap(), made);
    process.interrupt().await;

    fs::write(&path, "{}").unwrap();
    let refused = Process::in_folder(folder.path(), &arguments).end().await;
    refused.assert_refused("the signing keys cannot be used");
    assert_eq!(fs::read(&path).unwrap(), b"{}", "what cannot be read is not thrown away");
}
