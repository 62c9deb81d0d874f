//! The destination of lines, and the deployment that each of them names.

use std::{
    fmt,
    io::Write as _,
    sync::{LazyLock, OnceLock},
};

use crate::environment::Deployment;

pub(super) static DEPLOYMENT: OnceLock<Deployment> = OnceLock::new();

pub(super) fn deployment() -> &'static Deployment {
    static LOCAL: LazyLock<Deployment> = LazyLock::new(Deployment::local);
    DEPLOYMENT.get().unwrap_or_else(|| &LOCAL)
}

/// Writes a line with one call: a line is never torn, and never waits in a buffer while Lambda freezes the process.
pub(super) fn print(line: &str) {
    // An error here cannot be reported anywhere.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

/// A reader of counted lines in the process that writes them.
pub trait LineReader: fmt::Debug + Send + Sync {
    /// Reads a line that was written: a JSON object and a line feed. The request waits until it returns.
    fn read(&self, line: &str);
}
