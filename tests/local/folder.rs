//! The data folder: one process at a time, one schema, no files of other programs.

use std::{
    fs::{self, Permissions},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use tempfile::TempDir;

use super::{
    catalogue::filled,
    process::{Ended, Process, get, served},
};

async fn refused(folder: &Path, arguments: &[&str], reason: &str) -> Ended {
    let ended = Process::on(folder, arguments).end().await;
    ended.assert_refused(reason);
    ended
}

/// Names and contents of the files.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry"))
        .map(|entry| {
            (
                entry.file_name().into_string().expect("a name of text"),
                fs::read(entry.path()).unwrap_or_default(),
            )
        })
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_second_instance_is_refused_and_the_first_one_unharmed() {
    let folder = filled().await;
    let mut first = Process::on(folder.path(), &[]);
    let base = first.ready().await;
    for arguments in [&[][..], &["--engines-only"]] {
        let ended = refused(folder.path(), arguments, "another instance").await;
        assert!(ended.err[0].contains(folder.path().to_str().unwrap()), "{ended:?}");
        assert!(ended.err[0].contains("--data"), "it says what to do: {ended:?}");
    }
    assert_eq!(served(&base).await, 1351);
    assert_eq!(get(&base, "/api/v1/pokemon/25").await.json()["name"], "pikachu");
    first.interrupt().await;
    let mut next = Process::on(folder.path(), &[]);
    let base = next.ready().await;
    assert_eq!(served(&base).await, 1351);
}

#[tokio::test]
async fn a_killed_instance_leaves_its_folder_free() {
    let folder = filled().await;
    let mut first = Process::on(folder.path(), &[]);
    first.ready().await;
    first.kill().await;
    let mut second = Process::on(folder.path(), &[]);
    let base = second.ready().await;
    assert_eq!(served(&base).await, 1351);
}

#[tokio::test]
async fn a_folder_of_another_schema_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("schema"), "pokedex data, schema 99\n").unwrap();
    fs::write(folder.path().join("dynamodb.sqlite"), "from the future").unwrap();
    let before = files(folder.path());
    let ended = refused(folder.path(), &[], "schema 99").await;
    assert!(ended.err[0].contains("schema 1"), "{ended:?}");
    assert_eq!(files(folder.path()), before);
}

#[tokio::test]
async fn a_folder_with_other_files_is_refused_and_left_alone() {
    for name in ["holiday.jpg", ".hidden", "dynamodb.sqlite"] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(name), "mine").unwrap();
        refused(folder.path(), &[], "not empty").await;
        assert_eq!(files(folder.path()), [(name.to_owned(), b"mine".to_vec())]);
    }
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_created_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    refused(&file, &[], "cannot be made").await;
    refused(&file.join("below"), &[], "cannot be made").await;
}

#[tokio::test]
async fn an_invalid_database_is_refused() {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    fs::write(folder.path().join("schema"), "pokedex data, schema 1\n").unwrap();
    fs::write(folder.path().join("dynamodb.sqlite"), "not a database, but long enough to be looked at")
        .unwrap();
    refused(folder.path(), &[], "cannot be opened").await;
}

#[tokio::test]
async fn a_taken_port_is_reported_at_once_and_nothing_is_created() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("data");
    let path = folder.to_str().unwrap();
    let ended = Process::start(&["--data", path, "--port", &port]).end().await;
    ended.assert_refused(&format!("port {port} is taken"));
    assert!(ended.err[0].contains("--port"), "it says what to do: {ended:?}");
    assert!(!folder.exists());
    let engines = Process::start(&["--data", path, "--port", &port, "--engines-only"]);
    engines.end().await.assert_refused(&format!("port {port} is taken"));
}
