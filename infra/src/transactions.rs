//! The recorded transactions: the tables, actions and keys of each kind of `TransactWriteItems` call of a function, as the tests see it.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{accesses::Rights, function::Function, generated::Generated};

/// The file of the recorded transactions.
pub const PATH: &str = "infra/transactions.json";

/// The transactions of each function. A function without transactions has no entry.
pub type Transactions = BTreeMap<String, Vec<Rights>>;

/// Reads the file.
///
/// # Errors
/// If it does not exist or holds anything else.
pub fn read(root: &Path) -> Result<Transactions> {
    let text = fs::read_to_string(root.join(PATH)).context(PATH)?;
    serde_json::from_str(&text).context(PATH)
}

/// Returns the file without functions that no longer exist.
pub(crate) fn generate(root: &Path, functions: &[Function]) -> Result<Generated> {
    let mut transactions = read(root)?;
    transactions.retain(|name, _| functions.iter().any(|function| function.name == name));
    Ok(Generated::new(PATH, text(&transactions)))
}

/// Returns the text of the file: one line for each transaction of a function.
#[must_use]
pub fn text(transactions: &Transactions) -> String {
    let function = |(name, transactions): (&String, &Vec<Rights>)| {
        let lines: Vec<_> = transactions.iter().map(|one| format!("    {}", json!(one))).collect();
        format!("  {}: [\n{}\n  ]", Value::from(name.as_str()), lines.join(",\n"))
    };
    let functions: Vec<_> = transactions.iter().map(function).collect();
    format!("{{\n{}\n}}\n", functions.join(",\n"))
}
