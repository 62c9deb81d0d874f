//! A generated file, or a generated part of one.

use anyhow::{Context as _, Result};

/// A generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The path, relative to the repository's root.
    pub path: String,
    pub text: String,
}

impl Generated {
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// Returns `text`, the content of the file `path`, with `lines` between the line `begin` and the line that contains `end`.
///
/// # Errors
/// If the text has no such line.
pub(crate) fn between(path: &str, text: &str, begin: &str, end: &str, lines: &str) -> Result<String> {
    let (before, rest) = text.split_once(begin).with_context(|| format!("{path} has no line {begin:?}"))?;
    let end = rest.find(end).with_context(|| format!("{path}: {begin:?} does not end"))?;
    // The last line may be indented.
    let end = rest[..end].rfind('\n').map_or(0, |at| at + 1);
    Ok(format!("{before}{begin}{lines}{}", &rest[end..]))
}
