//! The cargo commands of xtask, and the locations of the repository and its target directory.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::Context;

/// The root of the repository. Read from the environment that `cargo run` gives: a shared target directory may hold
/// an xtask that was built in another checkout.
pub fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let mut root = PathBuf::from(package);
    root.pop();
    root
}

pub fn target() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

pub fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    // Removes the variables that `cargo run` set for this program. ring's build script watches them: with them, every change between `cargo
    // build` and `cargo xtask` would rebuild it and most of the workspace.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// Builds every program, for the stages that start some. With examples, dependencies have the features that tests give them, and are not
/// built twice.
pub fn build_programs() -> Command {
    cargo(["build", "--workspace", "--bins", "--examples", "--locked"])
}

/// Runs a command, passes its output through, and returns its exit status.
pub fn status(command: &mut Command) -> anyhow::Result<ExitStatus> {
    command.status().with_context(|| format!("cannot start {}", command.get_program().display()))
}

/// Whether a tool exists and answers to its version flag.
pub fn answers(tool: &str, version_flag: &str) -> bool {
    Command::new(tool)
        .arg(version_flag)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
