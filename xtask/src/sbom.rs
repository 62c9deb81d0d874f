//! `cargo xtask sbom`: the list of the components of the functions' program (a software bill of materials), in CycloneDX. It contains the
//! packages that are linked into the program. Those that only run during a build, such as procedural macros, are not part of it; the audit
//! of advisories reads Cargo.lock, which has all.

mod document;
mod lock;
mod program;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use crate::cargo::{root, target};

#[derive(clap::Args)]
pub struct Options {
    /// List the components of the program for x86_64 instead of arm64
    #[arg(long)]
    x86_64: bool,
    /// Check that the list has every crate that this program names
    #[arg(long)]
    program: Option<PathBuf>,
}

/// The targets of the release build.
pub const ARM64: &str = "aarch64-unknown-linux-gnu";
pub const X86_64: &str = "x86_64-unknown-linux-gnu";

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let target = if options.x86_64 { X86_64 } else { ARM64 };
    let list = write(target)?;
    println!("{}", list.display());
    let Some(program) = &options.program else { return Ok(ExitCode::SUCCESS) };
    let missing = missing(target, &root().join(program))?;
    missing.iter().for_each(|name| eprintln!("the program names {name}, and the list does not"));
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes the list of the program for `target` below the target directory, and returns its path. Equal lock files give equal lists.
pub fn write(target: &str) -> anyhow::Result<PathBuf> {
    let checksums = lock::checksums(&fs::read_to_string(root().join("Cargo.lock")).context("Cargo.lock")?);
    let list = document::document(&tree::linked(target)?, &checksums, target)?;
    let path = path(target);
    fs::create_dir_all(path.parent().context("a folder")?)?;
    fs::write(&path, format!("{list:#}\n"))?;
    Ok(path)
}

fn path(triple: &str) -> PathBuf {
    let name = if triple == ARM64 { "functions.cdx.json" } else { "functions-x86_64.cdx.json" };
    target().join("sbom").join(name)
}

/// Returns the crates, as `name-version`, that `program` names and the list for `target` does not have. The program was built without the
/// list: its messages of panics contain the paths of source files.
pub fn missing(target: &str, program: &Path) -> anyhow::Result<Vec<String>> {
    let content = fs::read(program).with_context(|| program.display().to_string())?;
    let named = program::named(&content)?;
    let listed: Vec<_> = tree::linked(target)?.into_keys().map(|id| id.archive()).collect();
    println!("{} of {} components are named by {}", named.len(), listed.len(), program.display());
    Ok(named.into_iter().filter(|name| !listed.contains(name)).collect())
}
