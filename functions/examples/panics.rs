//! A function whose handler panics, for the test that checks how a real process responds (`tests/runtime.rs`).

use std::process::ExitCode;

use api::{Route, routes::GET_HEALTH};

fn main() -> ExitCode {
    let route = Route { handler: |_, _| panic!("the vault's code is 4711"), ..GET_HEALTH };
    api::functions::serve_route(Box::leak(Box::new(route)))
}
