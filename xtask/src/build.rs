//! The release build of the functions' program. Equal sources give equal programs, wherever they are built.

use std::env;
use std::path::PathBuf;
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
    let architecture = if options.x86_64 { "--x86-64" } else { "--arm64" };
    // cargo-lambda's linker, which is Zig's: this machine's C library may be later than Lambda's.
    println!("{}", program(&["--release", architecture, "--package", "functions"])?.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the program for this machine with its own linker. Returns its path.
pub fn for_this_machine() -> anyhow::Result<PathBuf> {
    program(&["--compiler", "cargo", "--x86-64", "--release", "--package", "functions"])
}

fn program(arguments: &[&str]) -> anyhow::Result<PathBuf> {
    let programs = python("sam")?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path)))?;
    let mut build = cargo(["lambda", "build", "--locked"]);
    done(without_folders(build.args(arguments).env("PATH", path)))?;
    Ok(target().join("lambda/functions/bootstrap"))
}

/// Replaces the names of folders that a program would contain, such as those of the sources in messages of panics.
fn without_folders(build: &mut Command) -> &mut Command {
    let home = env::var_os("CARGO_HOME")
        .map_or_else(|| PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cargo"), PathBuf::from);
    let renamed = [(home, "/cargo"), (root(), "/source")];
    let rust =
        renamed.each_ref().map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display()));
    let c = renamed.map(|(folder, name)| format!("-ffile-prefix-map={}={name}", folder.display()));
    build.env("CARGO_ENCODED_RUSTFLAGS", rust.join("\u{1f}")).env("CFLAGS", c.join(" "))
}
