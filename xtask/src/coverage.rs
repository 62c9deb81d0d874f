//! `cargo xtask coverage`: the share of lines of each crate that the tests execute, and its floor in `docs/coverage.json`.
//!
//! Only the crates of this workspace count their lines: cargo compiles them through a wrapper, and takes all dependencies from the usual
//! build. The programs that tests start count too, because they inherit the variables.

mod lines;
mod objects;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::cargo::{build_programs, root, target};
use crate::finding::Outcome;
use crate::suite;
use crate::tools::{done, has_python, python};

use lines::Lines;

/// The floor, and the result of the last measurement that was written.
const FILE: &str = "docs/coverage.json";

#[derive(clap::Args)]
pub struct Options {
    /// Write the result to docs/coverage.json
    #[arg(long)]
    write: bool,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    ensure!(has_python(), "the readers of coverage need Python with venv");
    let tools = tools()?;
    let place = target().join("coverage");
    let profiles = place.join("profiles");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&profiles)?;

    let outcome = suite::run(&mut counting(suite::all(false), &profiles))?.outcome;
    if let Outcome::Failed(why) = outcome {
        bail!("coverage is measured with tests that pass: {why}");
    }
    let mut objects = objects::built(&mut counting(suite::binaries(), &profiles))?;
    objects.extend(objects::built(&mut counting(build_programs(), &profiles))?);
    let lines = measured(&tools, &place, &objects)?;
    // From now on, the programs in the target directory count nothing again.
    done(&mut build_programs())?;

    let file = root().join(FILE);
    let text = fs::read_to_string(&file).context(FILE)?;
    let before: Value = serde_json::from_str(&text).context(FILE)?;
    let floor = before["floor"].as_f64().with_context(|| format!("{FILE} has no floor"))?;
    print!("{}", lines.table());
    if options.write {
        fs::write(&file, format!("{:#}\n", json!({"floor": floor, "lines": lines.percentages()})))?;
        println!("written to {FILE}");
    }
    let all = lines.all();
    println!("{all:.1} % of all lines, and the floor is {floor} %");
    Ok(if all >= floor { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Adds the variables with which cargo compiles crates that count, and programs write their counts.
fn counting(mut command: Command, profiles: &Path) -> Command {
    command
        .env("RUSTC_WORKSPACE_WRAPPER", root().join("tests/tools/instrumented.sh"))
        // Up to eight files for each program, to which its processes add their counts.
        .env("LLVM_PROFILE_FILE", profiles.join("%8m.profraw"));
    command
}

/// Returns the folder of the LLVM tools, which must read what rustc writes.
fn tools() -> anyhow::Result<PathBuf> {
    let programs = python("coverage")?;
    // The package completes its installation when Python starts.
    done(Command::new(programs.join("python")).args(["-c", "pass"]))?;
    let version = |command: &mut Command| -> anyhow::Result<String> {
        let output = command.output()?;
        major(&String::from_utf8_lossy(&output.stdout)).context("no version of LLVM")
    };
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let compiler = version(rustc.arg("-vV").current_dir(root()))?;
    let reader = version(Command::new(programs.join("llvm-cov")).arg("--version"))?;
    ensure!(
        compiler == reader,
        "rustc has LLVM {compiler}, and tests/tools/requirements-coverage.in pins the tools of LLVM {reader}"
    );
    Ok(programs)
}

/// Returns the number after `LLVM version`, with or without a colon: `22` of `LLVM version: 22.1.2`.
fn major(text: &str) -> Option<String> {
    let (_, version) = text.split_once("LLVM version")?;
    let major = version.trim_start_matches([':', ' ']).split('.').next()?;
    major.parse::<u32>().ok().map(|number| number.to_string())
}

/// Merges the counts of all processes, and adds up the lines of the sources.
fn measured(tools: &Path, place: &Path, objects: &[PathBuf]) -> anyhow::Result<Lines> {
    let merged = place.join("all.profdata");
    let counts: Vec<PathBuf> = fs::read_dir(place.join("profiles"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<_>>()?;
    ensure!(!counts.is_empty(), "no program has written its counts");
    let mut merge = Command::new(tools.join("llvm-profdata"));
    // A process that a test killed may have left a file that is not complete.
    merge.args(["merge", "--sparse", "--failure-mode=all", "--output"]).arg(&merged).args(counts);
    done(&mut merge)?;
    let (first, others) = objects.split_first().context("cargo built no program")?;
    let mut export = Command::new(tools.join("llvm-cov"));
    export.args(["export", "--summary-only", "--instr-profile"]).arg(&merged).arg(first);
    for other in others {
        export.arg("--object").arg(other);
    }
    let output = export.output().context("llvm-cov does not start")?;
    ensure!(output.status.success(), "llvm-cov: {}", String::from_utf8_lossy(&output.stderr));
    let report = serde_json::from_slice(&output.stdout).context("llvm-cov's report")?;
    let lines = Lines::of(&report, &root());
    ensure!(lines.all() > 0.0, "llvm-cov reports no line of this repository");
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_llvm_is_read_from_both_programs() {
        assert_eq!(major("rustc 1.95.0\nrelease: 1.95.0\nLLVM version: 22.1.2\n").as_deref(), Some("22"));
        assert_eq!(
            major("Some vendor v22.1.8 LLVM version 22.1.8\n  Optimized build.").as_deref(),
            Some("22")
        );
        assert_eq!(major("rustc 1.95.0"), None);
    }

    #[test]
    fn the_committed_file_has_a_floor_that_its_lines_keep() {
        let file: Value = serde_json::from_str(&fs::read_to_string(root().join(FILE)).unwrap()).unwrap();
        let floor = file["floor"].as_f64().unwrap();
        assert!((50.0..100.0).contains(&floor), "{floor}");
        if let Some(all) = file["lines"]["all"].as_f64() {
            assert!(all >= floor, "{all} is below {floor}");
        }
    }
}
