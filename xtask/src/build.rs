//! The release build of the functions' program. Equal sources give equal programs, wherever they are built.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};

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
    println!("{}", run_build(command(&root(), &target(), &[architecture], processor)?, &target())?.display());
    Ok(ExitCode::SUCCESS)
}

/// The build that [`start`] started.
static STARTED: Mutex<Option<Child>> = Mutex::new(None);

/// Starts the build of [`for_this_machine`] in the background, with a low priority and its output in a file. Its result is not judged
/// here: [`for_this_machine`] waits for its end and repeats what failed.
pub fn start() -> anyhow::Result<()> {
    let build = native(&root(), &target())?;
    let mut nice = Command::new("nice");
    nice.arg("-n").arg("19").arg(build.get_program()).args(build.get_args()).current_dir(root());
    for (name, value) in build.get_envs() {
        match value {
            Some(value) => nice.env(name, value),
            None => nice.env_remove(name),
        };
    }
    let log = target().join("tools/release-build.log");
    fs::create_dir_all(target().join("tools"))?;
    let log = File::create(log)?;
    let started = nice.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
    *STARTED.lock().unwrap_or_else(PoisonError::into_inner) = Some(started);
    Ok(())
}

/// Builds the program for this machine with its own linker. Returns its path.
pub fn for_this_machine() -> anyhow::Result<PathBuf> {
    if let Some(mut started) = STARTED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        started.wait()?;
    }
    from(&root(), &target())
}

/// As [`for_this_machine`], from the sources in another folder and into another target directory.
pub fn from(sources: &Path, target: &Path) -> anyhow::Result<PathBuf> {
    run_build(native(sources, target)?, target)
}

/// The command of a build with this machine's own linker.
fn native(sources: &Path, target: &Path) -> anyhow::Result<Command> {
    let (architecture, processor) = X86_64;
    command(sources, target, &["--compiler", "cargo", architecture], processor)
}

/// The option of cargo-lambda, and the oldest processor that Lambda runs on.
const X86_64: (&str, &str) = ("--x86-64", "haswell");
const ARM64: (&str, &str) = ("--arm64", "neoverse-n1");

/// Runs a build into `target`. Returns the program's path.
fn run_build(mut build: Command, target: &Path) -> anyhow::Result<PathBuf> {
    done(&mut build)?;
    Ok(target.join("lambda/functions/bootstrap"))
}

fn command(sources: &Path, target: &Path, arguments: &[&str], processor: &str) -> anyhow::Result<Command> {
    let programs = python("sam")?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path)))?;
    let mut build = cargo(["lambda", "build", "--release", "--package", "functions", "--locked"]);
    build.args(arguments).current_dir(sources).env("PATH", path).env("CARGO_TARGET_DIR", target);
    reproducible(&mut build, sources, processor);
    Ok(build)
}

/// Replaces the names of folders that a program would contain, such as those of the sources in messages of panics. The flags replace
/// those of cargo-lambda, which name the processor.
fn reproducible(build: &mut Command, sources: &Path, processor: &str) {
    let home = || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cargo");
    let home = env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from);
    let renamed = [(home, "/cargo"), (sources.to_path_buf(), "/source")];
    let of = |flag: &str| {
        renamed.iter().map(|(folder, name)| format!("{flag}={}={name}", folder.display())).collect::<Vec<_>>()
    };
    let mut rust = of("--remap-path-prefix");
    rust.push(format!("-Ctarget-cpu={processor}"));
    build
        .env("CARGO_ENCODED_RUSTFLAGS", rust.join("\u{1f}"))
        .env("CFLAGS", of("-ffile-prefix-map").join(" "));
}
