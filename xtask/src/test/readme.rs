//! Runs the commands of README.md and CONTRIBUTING.md in a fresh clone, as a new user would, and checks the answers.

mod blocks;
mod mirror;
mod seed;
mod steps;
mod terminal;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::cargo::{answers, root, target};
use crate::tools::{done, has_python, missing, python};

use blocks::Block;
use mirror::Mirror;
use steps::{Conditions, Step};
use terminal::Terminal;

use crate::finding::{Finding, Outcome};
use crate::tally::Tally;

const DOCUMENTS: [&str; 2] = ["README.md", "CONTRIBUTING.md"];

/// The ports in the documents.
const PORTS: [u16; 3] = [8080, 4566, 9000];

pub fn check() -> anyhow::Result<Finding> {
    for (tool, flag) in [("bash", "--version"), ("git", "--version"), ("curl", "--version")] {
        if !answers(tool, flag) {
            return Ok(missing(tool).into());
        }
    }
    if !has_python() {
        return Ok(missing("Python with venv, which brings cargo-lambda").into());
    }
    if let Some(port) = PORTS.into_iter().find(|port| TcpListener::bind(("127.0.0.1", *port)).is_err()) {
        return Ok(missing(&format!("free port {port}, which the README's commands use")).into());
    }
    let place = target().join("readme");
    let clone = fresh_clone(&place)?;
    seed::seed(&place.join("target"))?;
    let mirror = Mirror::start(&place)?;
    let conditions = Conditions { has_pokeapi: mirror.is_some() };
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    for document in DOCUMENTS {
        let text = fs::read_to_string(clone.join(document))?;
        let blocks = blocks::read(&text);
        ensure!(!blocks.is_empty(), "{document} has no sh block");
        let mut terminal = Terminal::open(&clone, &place, &python("sam")?, mirror.as_ref())?;
        let failed = type_all(document, &blocks, &conditions, &mut terminal, &mut tally)?;
        failures.extend(failed);
    }
    let outcome = match failures.is_empty() {
        true => Outcome::Passed,
        false => Outcome::Failed(failures.join("; ")),
    };
    Ok(Finding { outcome, tally: Some(tally) })
}

/// Runs a document's commands in order. The first failure ends the document: later commands build on earlier ones.
fn type_all(
    document: &str,
    blocks: &[Block],
    conditions: &Conditions,
    terminal: &mut Terminal,
    tally: &mut Tally,
) -> anyhow::Result<Option<String>> {
    let mut section = None;
    for block in blocks {
        if section.replace(&block.section).is_some_and(|before| *before != block.section) {
            terminal.stop_servers()?;
        }
        for command in &block.commands {
            println!("{document}: {command}");
            let failure = match Step::of(command, conditions)? {
                Step::Exempt(reason) => {
                    println!("    exempt: {reason}");
                    continue;
                }
                step => terminal.perform(command, &step).err(),
            };
            match failure {
                None => tally.passed += 1,
                Some(error) => {
                    tally.failed += 1;
                    println!("    failed: {error:#}");
                    return Ok(Some(format!("{document}: {command}")));
                }
            }
        }
    }
    terminal.stop_servers()?;
    Ok(None)
}

/// Creates a clone of the last commit, which replaces the clone of an earlier run.
fn fresh_clone(place: &Path) -> anyhow::Result<PathBuf> {
    let clone = place.join("clone");
    if clone.exists() {
        fs::remove_dir_all(&clone).context("the last clone cannot be removed")?;
    }
    fs::create_dir_all(place)?;
    let mut git = Command::new("git");
    git.args(["clone", "--quiet", "--no-hardlinks"]).arg(root()).arg(&clone);
    done(&mut git)?;
    Ok(clone)
}
