//! A clock that jumps by hours and by weeks, forwards and backwards, while the program runs: `libfaketime` shows it other times.
#![cfg(target_os = "linux")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use tests::House;
use tokio::process::Command;

use super::{
    catalogue::filled,
    process::{Process, Program},
    visitors::{act, settle, visitors},
};

/// The library of the Debian package `libfaketime`, for programs with several threads.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// Returns the path of the library; `None` if this machine does not have it: nothing is tested then.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().filter_map(Result::ok);
    let found = folders.map(|folder| folder.path().join(LIBRARY)).find(|library| library.is_file());
    if found.is_none() {
        // In CI, `.ci/run` installs it.
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "there is no {LIBRARY}");
        println!("not run: there is no {LIBRARY}");
    }
    found
}

/// A clock for one process.
struct Clock {
    folder: TempDir,
}

impl Clock {
    fn right() -> Self {
        let clock = Self { folder: TempDir::new().expect("a temporary folder") };
        clock.jump("+0");
        clock
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    /// Sets the difference to the clock of this machine, such as `-2h`. The process reads it whenever it asks for the time.
    fn jump(&self, offset: &str) {
        let new = self.folder.path().join("new");
        fs::write(&new, format!("{offset}\n")).expect("an offset");
        fs::rename(new, self.file()).expect("it replaces the last one");
    }

    /// Starts the program on `data` with this clock. Intervals and time-outs follow another clock, which never jumps.
    fn start(&self, library: &Path, data: &Path) -> Process {
        let mut command = Command::new(Program::LOCAL.path());
        command
            .env("LD_PRELOAD", library)
            .env("FAKETIME_TIMESTAMP_FILE", self.file())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            // The name in earlier versions.
            .env("DONT_FAKE_MONOTONIC", "1");
        let data = data.to_str().expect("a path of text");
        Process::of(command, self.folder.path(), &["--data", data, "--port", "0"])
    }
}

#[tokio::test]
async fn a_clock_that_jumps_locks_no_visitor_out_and_loses_no_change() {
    let Some(library) = library() else { return };
    let (clock, data) = (Clock::right(), filled().await);
    let mut process = clock.start(&library, data.path());
    let base = process.ready().await;
    let house = House::already_at(&base);
    let mut visitors = visitors(&base, ["ash", "misty"]).await;
    assert_eq!(act(&mut visitors, "the right time").await, 0);
    let before = house.get("/api/v1/pokemon/25").await;
    for offset in ["+2h", "-2h", "+40d", "-40d", "+0"] {
        clock.jump(offset);
        let now = house.get("/api/v1/pokemon/25").await;
        assert_eq!((now.status, &now.body), (before.status, &before.body), "{offset}");
        assert_eq!(house.get("/api/v1/health/ready").await.status, 200, "{offset}");
        // Tokens of another time may be refused, with a reason.
        act(&mut visitors, offset).await;
        for visitor in &mut visitors {
            visitor.sign_in().await;
        }
        assert_eq!(act(&mut visitors, offset).await, 0, "{offset}");
        settle(&mut visitors).await;
    }
    process.interrupt().await;
}

#[tokio::test]
async fn a_start_with_a_clock_of_another_year_serves_and_keeps_every_change() {
    let Some(library) = library() else { return };
    let (clock, data) = (Clock::right(), filled().await);
    clock.jump("-400d");
    let mut process = clock.start(&library, data.path());
    let mut visitors = visitors(&process.ready().await, ["ash"]).await;
    assert_eq!(act(&mut visitors, "last year").await, 0);
    settle(&mut visitors).await;
    process.kill().await;
    clock.jump("+400d");
    let mut process = clock.start(&library, data.path());
    let base = process.ready().await;
    assert_eq!(House::already_at(&base).get("/api/v1/health/ready").await.status, 200);
    for visitor in &mut visitors {
        visitor.move_to(&base);
        visitor.sign_in().await;
    }
    assert_eq!(act(&mut visitors, "next year").await, 0);
    settle(&mut visitors).await;
    process.interrupt().await;
}
