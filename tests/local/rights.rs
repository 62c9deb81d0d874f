//! Access to the data folder: only its owner can read it.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use http::Method;
use serde_json::json;
use tempfile::TempDir;
use tests::{House, PASSWORD, SeededEngine};

use super::{
    catalogue::filled,
    process::{Process, get, served},
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("its rights");
}

/// Asserts that only the owner can access the folder and everything in it.
fn assert_private(folder: &Path) {
    assert_eq!(mode(folder), 0o700, "{}", folder.display());
    for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_new_data_folder_is_readable_by_its_owner_alone() {
    let parent = TempDir::new().unwrap();
    let mut process = Process::in_folder(parent.path(), &["--data", "data", "--port", "0"]);
    let house = House::already_at(&process.ready().await);
    let body = json!({"username": "ash", "email": "ash@example.com", "password": PASSWORD});
    assert_eq!(house.call(Method::POST, "/api/v1/auth/register", None, Some(&body)).await.status, 201);
    let folder = parent.path().join("data");
    assert!(folder.join("dynamodb.sqlite-wal").exists(), "SQLite's own files are looked at too");
    assert_private(&folder);
    process.interrupt().await;
    assert_private(&folder);
}

#[tokio::test]
async fn the_folder_of_an_older_version_is_narrowed_and_used() {
    let folder = filled().await;
    set_mode(folder.path(), 0o755);
    for name in ["dynamodb.sqlite", "lock", "schema"] {
        set_mode(&folder.path().join(name), 0o644);
    }
    let mut process = Process::on(folder.path(), &[]);
    let base = process.ready().await;
    assert_eq!(served(&base).await, 1351);
    assert_private(folder.path());
    let ended = process.interrupt().await;
    assert_eq!(ended.err.len(), 1, "{ended:?}");
    assert!(ended.err[0].contains("other users of this machine had access"), "{ended:?}");
    let mut again = Process::on(folder.path(), &[]);
    again.ready().await;
    assert_eq!(again.interrupt().await.err, [] as [&str; 0], "it is said once");
}

#[tokio::test]
async fn with_a_running_engine_a_data_folder_is_narrowed_and_another_folder_is_not() {
    let (data, other) = (filled().await, TempDir::new().unwrap());
    for (folder, expected) in [(data.path(), 0o700), (other.path(), 0o755)] {
        set_mode(folder, 0o755);
        let name = folder.to_str().unwrap();
        let engine = SeededEngine::get().url.as_str();
        let mut process = Process::start(&["--data", name, "--dynamodb", engine, "--port", "0"]);
        process.ready().await;
        process.interrupt().await;
        assert_eq!(mode(folder), expected, "{name}");
        assert_eq!(mode(&folder.join("signing-keys.json")), 0o600, "{name}");
    }
}

#[tokio::test]
async fn keys_that_others_can_read_are_refused_by_the_program() {
    for rights in [0o644, 0o640, 0o604, 0o660] {
        let folder = filled().await;
        let keys = folder.path().join("signing-keys.json");
        set_mode(&keys, rights);
        let before = fs::read(&keys).unwrap();
        let ended = Process::on(folder.path(), &[]).end().await;
        ended.assert_refused("other users of this machine can read the signing keys");
        assert!(ended.err[0].contains("chmod 600"), "it says what to do: {ended:?}");
        assert_eq!((fs::read(&keys).unwrap(), mode(&keys)), (before, rights), "they are left alone");
    }
}

#[tokio::test]
async fn keys_without_a_database_are_refused_and_left_alone() {
    let whole = filled().await;
    fs::remove_file(whole.path().join("dynamodb.sqlite")).unwrap();
    // The folder is in the state in which `--dynamodb` leaves it.
    let keys_alone = TempDir::new().unwrap();
    fs::copy(whole.path().join("signing-keys.json"), keys_alone.path().join("signing-keys.json")).unwrap();
    for folder in [whole.path(), keys_alone.path()] {
        let before = fs::read(folder.join("signing-keys.json")).unwrap();
        let ended = Process::on(folder, &[]).end().await;
        ended.assert_refused("holds signing keys but no database");
        assert_eq!(fs::read(folder.join("signing-keys.json")).unwrap(), before);
        assert!(!folder.join("dynamodb.sqlite").exists());
    }
    fs::rename(whole.path().join("signing-keys.json"), whole.path().join("old-keys.json")).unwrap();
    let mut process = Process::on(whole.path(), &[]);
    let base = process.ready().await;
    assert_eq!(get(&base, "/api/v1/health/ready").await.status, 200, "after what the sentence says to do");
    process.interrupt().await;
}
