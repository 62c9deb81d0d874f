//! The program that `cargo run` starts, as a separate process.

mod assets;
mod catalogue;
mod clock;
mod connections;
mod dashboard;
mod disk;
mod faults;
mod folder;
mod guard;
mod keys;
mod kill;
mod options;
mod page;
mod process;
mod rights;
#[cfg(target_os = "linux")]
mod sign_ins;
mod start;
mod stop;
mod sweep;
mod sync;
mod visitors;
mod watch;

pub use process::{Process, Program, cargo};
