//! The end of the program: Ctrl-C or a supervisor's signal, at any time.

use std::time::Duration;

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::sleep,
};

use super::{
    catalogue::filled,
    process::{Process, served},
};

#[tokio::test]
async fn ctrl_c_and_sigterm_stop_the_program_cleanly() {
    for signal in ["INT", "TERM"] {
        let folder = filled().await;
        let mut process = Process::on(folder.path(), &[]);
        let base = process.ready().await;
        assert_eq!(served(&base).await, 1351);
        process.signal(signal);
        let ended = process.end().await;
        assert_eq!(ended.status.code(), Some(0), "{signal}: {ended:?}");
        assert!(
            TcpStream::connect(base.trim_start_matches("http://")).await.is_err(),
            "{signal}: the port is free"
        );
    }
}

#[tokio::test]
async fn ctrl_c_stops_a_first_load_cleanly_and_the_next_start_completes_it() {
    let folder = TempDir::new().unwrap();
    let process = Process::on(folder.path(), &[]);
    while !folder.path().join("dynamodb.sqlite").exists() {
        sleep(Duration::from_millis(5)).await;
    }
    sleep(Duration::from_millis(300)).await;
    assert!(process.out().is_empty(), "it is not ready yet");
    let ended = process.interrupt().await;
    assert!(ended.out.is_empty() && ended.err.is_empty(), "{ended:?}");
    let again = Process::on(folder.path(), &[]);
    sleep(Duration::from_millis(100)).await;
    again.interrupt().await;
}

#[tokio::test]
async fn ctrl_c_does_not_wait_for_idle_connections() {
    let folder = filled().await;
    let mut process = Process::on(folder.path(), &[]);
    let address = process.ready().await.trim_start_matches("http://").to_owned();
    let mut silent = TcpStream::connect(&address).await.unwrap();
    let mut idle = TcpStream::connect(&address).await.unwrap();
    idle.write_all(b"GET /api/v1/health HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut start = [0; 12];
    idle.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    let mut half = TcpStream::connect(&address).await.unwrap();
    half.write_all(b"GET /api/v1/health HTTP/1.1\r\nhos").await.unwrap();
    process.interrupt().await;
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}
