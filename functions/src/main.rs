//! The program of every function: Lambda names the one to run (see [`api::functions`]).

use std::process::ExitCode;

fn main() -> ExitCode {
    api::functions::serve()
}
