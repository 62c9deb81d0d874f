//! A full disk: readiness fails, the log says so in one sentence, and no data is lost.
#![cfg(target_os = "linux")]

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use http::Method;
use serde_json::json;
use tempfile::TempDir;
use tests::{Answer, House, PASSWORD, problem};
use tokio::process::Command;

use super::{
    catalogue::filled,
    process::{Process, Program, get},
};

/// A disk of limited size, `/disk` below a temporary folder, that only one process sees.
struct Disk {
    parent: TempDir,
    size: &'static str,
}

impl Disk {
    /// `None` if this user may not mount: nothing is tested then.
    fn of(size: &'static str) -> Option<Self> {
        let allowed =
            std::process::Command::new("unshare").args(["--mount", "--map-root-user", "true"]).output();
        if !allowed.is_ok_and(|output| output.status.success()) {
            // On GitHub, the workflow permits it.
            assert!(std::env::var_os("GITHUB_ACTIONS").is_none(), "this user may not mount a disk");
            println!("not run: this user may not mount a disk");
            return None;
        }
        let parent = TempDir::new().expect("a temporary folder");
        fs::create_dir(parent.path().join("disk")).expect("a folder");
        Some(Self { parent, size })
    }

    /// Starts the program on `data`, a folder of this disk, after the commands of `prepare`.
    fn start(&self, prepare: &str) -> Process {
        let mut command = Command::new("unshare");
        let mounted = format!(
            "mount -t tmpfs -o size={} tmpfs disk && {prepare} && exec {} \"$@\"",
            self.size,
            Program::LOCAL.path().display()
        );
        command.args(["--mount", "--map-root-user", "sh", "-c", &mounted, "sh"]);
        Process::of(
            command,
            self.parent.path(),
            &["--data", "disk/data", "--port", "0", "--rate-limits", "off"],
        )
    }

    /// The path of the disk as the process sees it.
    fn path(&self, process: &Process) -> PathBuf {
        let mount = self.parent.path().join("disk");
        Path::new(&format!("/proc/{}/root", process.id()))
            .join(mount.strip_prefix("/").expect("an absolute path"))
    }
}

/// Writes to `path` until the disk is full.
fn fill(path: &Path) {
    let mut file = File::create(path).expect("a file");
    for length in [1 << 20, 4096, 1] {
        let full = loop {
            if let Err(error) = file.write_all(&vec![0; length]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
    }
}

async fn register(house: &House, name: &str) -> Answer {
    let body = json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD});
    house.call(Method::POST, "/api/v1/auth/register", None, Some(&body)).await
}

#[tokio::test]
async fn a_full_disk_is_not_ready_and_its_writes_are_503_until_space_is_free() {
    let Some(disk) = Disk::of("192m") else { return };
    let data = filled().await;
    let prepare = format!("cp -rp {} disk/data", data.path().display());
    let mut process = disk.start(&prepare);
    let house = House::already_at(&process.ready().await);
    assert_eq!(house.get("/api/v1/health/ready").await.status, 200);
    let filler = disk.path(&process).join("filler");
    fill(&filler);
    let answer = house.get("/api/v1/health/ready").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("2")));
    let expected = json!([{"field": "disk", "message": "is full or cannot be written"}]);
    assert_eq!(problem(&answer, "readiness")["errors"], expected);
    assert_eq!(house.get("/api/v1/health").await.status, 200, "the process lives");
    assert_eq!(house.get("/api/v1/pokemon/25").await.status, 200, "reads need no room");
    // SQLite may have some free pages in its log: one of the writes is the first that does not fit.
    let (mut refused, mut acknowledged) = (None, Vec::new());
    for number in 0..60 {
        let name = format!("trainer{number}");
        let answer = register(&house, &name).await;
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
        acknowledged.push(name);
    }
    let refused = refused.expect("a write that does not fit");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    fs::remove_file(filler).unwrap();
    assert_eq!(house.get("/api/v1/health/ready").await.status, 200, "without a restart");
    assert_eq!(register(&house, "misty").await.status, 201);
    for name in acknowledged {
        let body = json!({"username": name, "password": PASSWORD});
        let answer = house.call(Method::POST, "/api/v1/auth/login", None, Some(&body)).await;
        assert_eq!(answer.status, 200, "an acknowledged registration is lost: {answer:?}");
    }
    process.interrupt().await;
}

#[tokio::test]
async fn a_start_on_a_full_disk_fails_with_one_sentence() {
    let data = filled().await;
    for (prepare, size) in [
        ("mkdir disk/data".to_owned(), "1m"),
        (format!("cp -rp {} disk/data", data.path().display()), "192m"),
    ] {
        let Some(disk) = Disk::of(size) else { return };
        let full = format!("{prepare} && (cat /dev/zero > disk/filler 2>&- || true)");
        let ended = disk.start(&full).end().await;
        ended.assert_refused("disk/data cannot be written: No space left on device");
    }
}

#[tokio::test]
async fn a_disk_that_fills_up_during_the_first_load_is_named() {
    let Some(disk) = Disk::of("3m") else { return };
    let ended = disk.start("true").end().await;
    ended.assert_refused("disk/data cannot be written: No space left on device");
}

#[tokio::test]
async fn readiness_writes_to_the_data_folder_and_leaves_nothing_there() {
    let folder = filled().await;
    let mut process = Process::on(folder.path(), &[]);
    let base = process.ready().await;
    let room = folder.path().join("room");
    // Every write to it fails as on a full disk.
    std::os::unix::fs::symlink("/dev/full", &room).unwrap();
    let answer = get(&base, "/api/v1/health/ready").await;
    assert_eq!(answer.status, 503);
    assert_eq!(problem(&answer, "readiness")["errors"][0]["field"], "disk");
    assert_eq!(get(&base, "/api/v1/health/ready").await.status, 200);
    assert!(fs::symlink_metadata(&room).is_err(), "nothing is left");
    process.interrupt().await;
}
