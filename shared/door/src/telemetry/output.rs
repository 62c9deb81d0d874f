//! The destination of lines, and the environment that each of them names.

use std::{io::Write as _, sync::OnceLock};

use crate::config::Environment;

pub(super) static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();

pub(super) fn environment() -> Environment {
    ENVIRONMENT.get().copied().unwrap_or(Environment::Local)
}

/// Writes a line with one call: a line is never torn, and never waits in a buffer while Lambda freezes the process.
pub(super) fn print(line: &str) {
    // An error here cannot be reported anywhere.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}
