//! Commands that run a binary of another package: xtask builds it, passes the arguments on and returns its exit status.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::process::{Command, ExitCode, ExitStatus};

use crate::cargo::{cargo, root, status, target};
use crate::tools::{has_python, python};

#[derive(clap::Args)]
pub struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Rest {
    fn has(&self, argument: &str) -> bool {
        self.arguments.iter().any(|one| one == argument)
    }
}

pub fn snapshot(rest: &Rest) -> anyhow::Result<ExitCode> {
    let run = ["run", "--release", "-p", "local", "--bin", "snapshot", "--"];
    Ok(code(status(cargo(run).args(&rest.arguments))?))
}

pub fn generate(rest: &Rest) -> anyhow::Result<ExitCode> {
    if rest.has("--record") {
        let mut record = cargo(["test", "--workspace", "--test", "house", "rights_that_it_uses"]);
        let recorded = status(record.env("POKEDEX_RECORD", "1"))?;
        if !recorded.success() {
            return Ok(code(recorded));
        }
    }
    // `-p` is missing because it would build the dependencies again, with fewer features.
    Ok(code(status(&mut cargo(["run", "--bin", "generate"]))?))
}

/// Compares the costs that the model expects.
pub fn cost(rest: &Rest) -> anyhow::Result<ExitCode> {
    // `-p` is missing because it would build the dependencies again, with fewer features.
    Ok(code(status(cargo(["run", "--quiet", "--bin", "cost", "--"]).args(&rest.arguments))?))
}

/// Runs a command of releases, with SAM's translator at hand.
pub fn deploy(command: &str, rest: &Rest) -> anyhow::Result<ExitCode> {
    // `-p` is missing because it would build the dependencies again, with fewer features.
    let built = status(&mut cargo(["build", "--quiet", "--bin", "deploy"]))?;
    if !built.success() {
        return Ok(code(built));
    }
    let mut run = Command::new(target().join("debug").join(format!("deploy{EXE_SUFFIX}")));
    if has_python() {
        run.env("POKEDEX_SAM_PYTHON", python("sam")?.join("python"));
    }
    Ok(code(status(run.arg(command).args(&rest.arguments).current_dir(root()))?))
}

/// Builds the programs that the bench starts and measures.
pub fn bench(rest: &Rest) -> anyhow::Result<ExitCode> {
    let mut builds = vec![measured_build()];
    let mut run = measured("bench");
    // Cold starts need a real release build, which takes minutes.
    if !rest.has("--only") || rest.has("cold") {
        builds.push(cargo([
            "build",
            "--release",
            "-p",
            "functions",
            "--bin",
            "functions",
            "--example",
            "floor",
        ]));
        if has_python() {
            run.env("POKEDEX_BENCH_PYTHON", python("sam")?.join("python"));
        }
    }
    for build in &mut builds {
        let built = status(build)?;
        if !built.success() {
            return Ok(code(built));
        }
    }
    Ok(code(status(run.args(&rest.arguments).current_dir(root()))?))
}

/// Builds the local server and the program that loads it, and runs that.
pub fn load(rest: &Rest) -> anyhow::Result<ExitCode> {
    let built = status(&mut measured_build())?;
    if !built.success() {
        return Ok(code(built));
    }
    Ok(code(status(measured("load").args(&rest.arguments).current_dir(root()))?))
}

/// The build of the programs that measure, and of the local server, which they start.
fn measured_build() -> Command {
    cargo(["build", "--profile", "measure", "-p", "local", "-p", "bench"])
}

fn measured(program: &str) -> Command {
    Command::new(target().join("measure").join(format!("{program}{EXE_SUFFIX}")))
}

fn code(status: ExitStatus) -> ExitCode {
    match status.code() {
        Some(code) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        None => ExitCode::FAILURE,
    }
}
