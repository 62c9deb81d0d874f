//! The first start, and later starts.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use tests::{House, catalogue_samples};

use super::{
    catalogue::{assert_whole, filled},
    process::{Process, Program, get, served},
};

#[tokio::test]
async fn a_first_start_leaves_the_whole_catalogue_in_its_folder() {
    let folder = filled().await;
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["dynamodb.sqlite", "lock", "schema", "signing-keys.json"]);
    assert_whole(folder.path()).await;
}

#[tokio::test]
async fn a_second_start_serves_the_same_and_loads_and_reports_nothing() {
    let folder = filled().await;
    let before = fs::read(folder.path().join("dynamodb.sqlite")).unwrap();
    let mut process = Process::on(folder.path(), &[]);
    let base = process.ready().await;
    let (local, house) = (House::already_at(&base), House::seeded().await);
    for path in catalogue_samples() {
        let (one, other) = (local.get(path).await, house.get(path).await);
        assert_eq!((one.status, one.body), (other.status, other.body), "{path}");
        assert_eq!(one.headers["etag"], other.headers["etag"], "{path}");
    }
    assert_eq!(local.get("/api/v1/health/ready").await.status, 200);
    let ended = process.interrupt().await;
    assert_eq!(ended.err, [] as [&str; 0]);
    assert!(fs::read(folder.path().join("dynamodb.sqlite")).unwrap() == before, "the data was written to");
}

#[tokio::test]
async fn a_reader_that_leaves_after_the_first_line_does_not_end_the_server() {
    let folder = filled().await;
    let mut command = Command::new(Program::LOCAL.path());
    command
        .arg("--data")
        .arg(folder.path())
        .args(["--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let base = line.trim().strip_prefix("ready: ").unwrap_or_else(|| panic!("{line}")).to_owned();
    // The reader is gone; the server prints its links meanwhile.
    for _ in 0..10 {
        assert_eq!(get(&base, "/api/v1/health").await.status, 200);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn readiness_is_printed_once_with_links_that_work() {
    let folder = filled().await;
    let mut process = Process::on(folder.path(), &[]);
    let base = process.ready().await;
    let mut links = Vec::new();
    // The lines arrive one by one.
    for _ in 0..6000 {
        links = process
            .out()
            .iter()
            .filter_map(|line| Some(line.trim().strip_prefix(&base)?.to_owned()))
            .collect();
        if links.len() >= 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(links.len(), 4, "{:?}", process.out());
    for link in links {
        assert_eq!(get(&base, &link).await.status, 200, "{link}");
    }
    assert_eq!(served(&base).await, 1351);
    let out = process.interrupt().await.out;
    assert_eq!(out.iter().filter(|line| line.contains("ready")).count(), 1, "{out:?}");
}

#[tokio::test]
async fn two_folders_are_served_side_by_side() {
    let (one, other) = (filled().await, filled().await);
    let (mut one, mut other) = (Process::on(one.path(), &[]), Process::on(other.path(), &[]));
    let (first, second) = (one.ready().await, other.ready().await);
    assert_ne!(first, second);
    assert_eq!((served(&first).await, served(&second).await), (1351.into(), 1351.into()));
}
