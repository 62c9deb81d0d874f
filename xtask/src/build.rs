//! The release build of the functions' program. Equal sources give equal programs, wherever they are built.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::cargo::{cargo, root, target};
use crate::tools::{done, python};

#[derive(clap::Args)]
pub struct Options {
    /// Build for x86_64 instead of arm64
    #[arg(long)]
    x86_64: bool,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    // cargo-lambda's linker, which is Zig's: this machine's C library may be later than Lambda's.
    let (architecture, processor) = if options.x86_64 { X86_64 } else { ARM64 };
    println!("{}", program(&root(), &target(), &[architecture], processor)?.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the program for this machine with its own linker. Returns its path.
pub fn for_this_machine() -> anyhow::Result<PathBuf> {
    from(&root(), &target())
}

/// As [`for_this_machine`], from the sources in another folder and into another target directory.
pub fn from(sources: &Path, target: &Path) -> anyhow::Result<PathBuf> {
    let (architecture, processor) = X86_64;
    program(sources, target, &["--compiler", "cargo", architecture], processor)
}

/// The option of cargo-lambda, and the oldest processor that Lambda runs on.
const X86_64: (&str, &str) = ("--x86-64", "haswell");
const ARM64: (&str, &str) = ("--arm64", "neoverse-n1");

fn program(sources: &Path, target: &Path, arguments: &[&str], processor: &str) -> anyhow::Result<PathBuf> {
    let programs = python("sam")?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path)))?;
    let mut build = cargo(["lambda", "build", "--release", "--package", "functions", "--locked"]);
    build.args(arguments).current_dir(sources).env("PATH", path).env("CARGO_TARGET_DIR", target);
    done(reproducible(&mut build, sources, processor))?;
    Ok(target.join("lambda/functions/bootstrap"))
}

/// Replaces the names of folders that a program would contain, such as those of the sources in messages of panics. The flags replace
/// those of cargo-lambda, which name the processor.
fn reproducible<'a>(build: &'a mut Command, sources: &Path, processor: &str) -> &'a mut Command {
    let home = || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cargo");
    let home = env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from);
    let renamed = [(home, "/cargo"), (sources.to_path_buf(), "/source")];
    let of = |flag: &str| {
        renamed.iter().map(|(folder, name)| format!("{flag}={}={name}", folder.display())).collect::<Vec<_>>()
    };
    let mut rust = of("--remap-path-prefix");
    rust.push(format!("-Ctarget-cpu={processor}"));
    build.env("CARGO_ENCODED_RUSTFLAGS", rust.join("\u{1f}")).env("CFLAGS", of("-ffile-prefix-map").join(" "))
}
