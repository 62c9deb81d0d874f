//! Commands that are a binary of another package: xtask builds it, hands on the arguments and ends as it ended.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::process::{Command, ExitCode, ExitStatus};

use crate::cargo::{cargo, root, status, target};

#[derive(clap::Args)]
pub struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub fn snapshot(rest: &Rest) -> anyhow::Result<ExitCode> {
    let run = ["run", "--release", "-p", "local", "--bin", "snapshot", "--"];
    Ok(code(status(cargo(run).args(&rest.arguments))?))
}

pub fn generate(rest: &Rest) -> anyhow::Result<ExitCode> {
    let run = ["run", "-p", "api", "--bin", "openapi", "--"];
    Ok(code(status(cargo(run).args(&rest.arguments))?))
}

/// Builds both packages at once, as the bench starts the server that it measures.
pub fn bench(rest: &Rest) -> anyhow::Result<ExitCode> {
    let built = status(&mut cargo(["build", "--profile", "rehearse", "-p", "local", "-p", "bench"]))?;
    if !built.success() {
        return Ok(code(built));
    }
    let bench = target().join("rehearse").join(format!("bench{EXE_SUFFIX}"));
    Ok(code(status(Command::new(bench).args(&rest.arguments).current_dir(root()))?))
}

fn code(status: ExitStatus) -> ExitCode {
    match status.code() {
        Some(code) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        None => ExitCode::FAILURE,
    }
}
