//! The recorded accesses: what each function does in DynamoDB, as the tests see it. The policies grant exactly that.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{function::Function, generated::Generated};

/// The file of the recorded accesses.
pub const PATH: &str = "infra/accesses.json";

/// The actions of a function by table (the parameter that names it, with `/index/NAME` for an index), each with the families of its
/// partition keys (`USER#*`); no families if it applies to the whole table.
pub type Rights = BTreeMap<String, BTreeMap<String, Option<BTreeSet<String>>>>;

/// The rights of each function.
pub type Accesses = BTreeMap<String, Rights>;

/// Reads the file.
///
/// # Errors
/// If it does not exist or holds anything else.
pub fn read(root: &Path) -> Result<Accesses> {
    let text = fs::read_to_string(root.join(PATH)).context(PATH)?;
    serde_json::from_str(&text).context(PATH)
}

/// Returns the file without functions that no longer exist.
pub(crate) fn generate(root: &Path, functions: &[Function]) -> Result<Generated> {
    let mut accesses = read(root)?;
    accesses.retain(|name, _| functions.iter().any(|function| function.name == name));
    Ok(Generated::new(PATH, text(&accesses)))
}

/// Returns the text of the file: one line for each table of a function.
#[must_use]
pub fn text(accesses: &Accesses) -> String {
    type Actions = BTreeMap<String, Option<BTreeSet<String>>>;
    let line = |(table, actions): (&String, &Actions)| {
        format!("    {}: {}", Value::from(table.as_str()), json!(actions))
    };
    let function = |(name, rights): (&String, &Rights)| {
        let lines: Vec<_> = rights.iter().map(line).collect();
        format!("  {}: {{\n{}\n  }}", Value::from(name.as_str()), lines.join(",\n"))
    };
    let functions: Vec<_> = accesses.iter().map(function).collect();
    format!("{{\n{}\n}}\n", functions.join(",\n"))
}
