//! `cargo run`: the product on one machine.

use std::process::ExitCode;

use clap::Parser as _;
use local::{cli::Options, run::run};

fn main() -> ExitCode {
    run(Options::parse())
}
