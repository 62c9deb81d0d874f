//! The program that `cargo run` starts, as a process of its own.

mod catalogue;
mod connections;
mod disk;
mod folder;
mod guard;
mod keys;
mod kill;
mod options;
mod page;
mod process;
mod rights;
mod start;
mod stop;
mod sync;

pub use process::{Process, cargo, program};
