//! Checks the templates as CloudFormation reads them, and the functions as Lambda starts them.

use std::env::consts::ARCH;
use std::path::PathBuf;
use std::process::Command;

use anyhow::ensure;

use crate::build;
use crate::cargo::{answers, build_programs, cargo, root, target};
use crate::tools::{done, has_python, missing, python};

use super::suite;
use crate::finding::{Finding, Outcome};

const REGION: &str = "eu-central-1";

/// Checks that the templates pass the linter before and after the SAM transformation, and stay within CloudFormation's limits.
pub fn templates() -> anyhow::Result<Finding> {
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    let programs = python("sam")?;
    let plain = target().join("tools/template.json");
    let lint = |arguments: &[&str]| {
        let mut lint = Command::new(programs.join("cfn-lint"));
        lint.args(["--regions", REGION, "--template"]).args(arguments).current_dir(root());
        done(&mut lint)
    };
    lint(&["template.yaml", "infra/data.yaml"])?;
    let mut validate = Command::new(programs.join("sam"));
    validate.args(["validate", "--lint", "--region", REGION, "--template-file", "template.yaml"]);
    done(validate.current_dir(root()).env("SAM_CLI_TELEMETRY", "0"))?;
    for template in ["infra/data.yaml", "template.yaml"] {
        let mut transform = Command::new(programs.join("python"));
        transform.arg("tests/rehearsal/transform.py").arg(template).arg(&plain).arg(REGION);
        done(transform.current_dir(root()))?;
        lint(&[&plain.to_string_lossy()])?;
    }
    Ok(Outcome::Passed.into())
}

/// Runs every function behind AWS's Runtime Interface Emulator.
pub fn runtime() -> anyhow::Result<Finding> {
    if ARCH != "x86_64" {
        return Ok(missing("Runtime Interface Emulator for this processor").into());
    }
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    let emulator = emulator()?;
    let mut test = cargo(["test", "--workspace", "--test", "house", "--locked", "runtime::"]);
    suite::run(test.env("POKEDEX_RUNTIME_EMULATOR", emulator))
}

/// Returns the emulator, which is part of the SAM CLI's package.
fn emulator() -> anyhow::Result<PathBuf> {
    let programs = python("sam")?;
    let mut find = Command::new(programs.join("python"));
    let code = "import pathlib, samcli; print(pathlib.Path(samcli.__file__).parent / 'local/rapid/aws-lambda-rie-x86_64')";
    let output = find.args(["-c", code]).output()?;
    ensure!(output.status.success(), "the SAM CLI does not report its folder: {}", output.status);
    Ok(String::from_utf8(output.stdout)?.trim().into())
}

/// Compares the instruction counts of functions, in the release build of their program, with `bench/instructions.json`.
pub fn cold_start() -> anyhow::Result<Finding> {
    if ARCH != "x86_64" {
        return Ok(missing("x86_64 processor: the stored counts are for x86_64").into());
    }
    if !answers("valgrind", "--version") {
        return Ok(missing("valgrind").into());
    }
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    let program = build::for_this_machine()?;
    done(&mut build_programs())?;
    let mut count = Command::new(target().join("debug/instructions"));
    done(count.arg(program).current_dir(root()))?;
    Ok(Outcome::Passed.into())
}

/// Deploys the stacks to an AWS emulator with the real SAM CLI and the real program, and tests them.
pub fn rehearsal() -> anyhow::Result<Finding> {
    if ARCH != "x86_64" {
        return Ok(missing("x86_64 processor: the rehearsal's program is for that").into());
    }
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    if !answers("make", "--version") {
        return Ok(missing("make").into());
    }
    let (sam, ministack) = (python("sam")?, python("ministack")?.join("ministack"));
    let mut front = Command::new(sam.join("python"));
    front.arg("tests/rehearsal/front/front_test.py").arg(&ministack);
    done(front.current_dir(root()))?;
    build::for_this_machine()?;
    done(&mut build_programs())?;
    let mut rehearse = Command::new(sam.join("python"));
    rehearse.arg("tests/rehearsal/rehearse.py").arg(ministack).arg(target().join("debug/local"));
    done(rehearse.current_dir(root()))?;
    Ok(Outcome::Passed.into())
}

/// Tests the development loop: cargo-lambda's own server with its own client.
pub fn watch() -> anyhow::Result<Finding> {
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    done(&mut build_programs())?;
    let mut test = cargo(["test", "--workspace", "--test", "house", "--locked", "watch::"]);
    suite::run(test.env("POKEDEX_CARGO_LAMBDA", python("sam")?))
}
