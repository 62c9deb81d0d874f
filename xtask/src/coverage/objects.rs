//! The programs that cargo builds, from its messages in JSON.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

/// Runs a build, and returns the paths of its programs and test programs.
pub fn built(command: &mut Command) -> anyhow::Result<Vec<PathBuf>> {
    let output = command.arg("--message-format=json").stderr(Stdio::inherit()).output();
    let output = output.context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?.lines().filter_map(program).collect())
}

/// Returns the path in a message about a program.
fn program(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    (message["reason"] == "compiler-artifact").then_some(())?;
    message["executable"].as_str().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_about_programs_have_a_path() {
        let path =
            r#"{"reason":"compiler-artifact","target":{"name":"local"},"executable":"/t/debug/local"}"#;
        assert_eq!(program(path), Some(PathBuf::from("/t/debug/local")));
        for other in [
            r#"{"reason":"compiler-artifact","target":{"name":"door"},"executable":null}"#,
            r#"{"reason":"build-finished","success":true}"#,
            "   Compiling door",
        ] {
            assert_eq!(program(other), None, "{other}");
        }
    }
}
