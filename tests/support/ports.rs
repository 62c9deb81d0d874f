//! Ports for programs that cannot choose one themselves.

use std::{
    net::{Ipv4Addr, TcpListener},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

/// The ports below those that systems give to outgoing connections: one of those could take a port before the program listens on it.
const FIRST: u16 = 10_000;
const COUNT: u16 = 10_000;

/// Returns an address of this machine on which nothing listens. No two calls of a process return the same one, and simultaneous processes
/// start their search at different ports.
///
/// # Panics
/// If no port is free.
#[must_use]
pub fn free_address() -> String {
    static STEP: AtomicU16 = AtomicU16::new(0);
    let start = (process::id() % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let step = STEP.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (start + step) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return format!("127.0.0.1:{port}");
        }
    }
    panic!("no free port from {FIRST} to {}", FIRST + COUNT - 1)
}
