//! Compares the costs of this repository with former figures: `cargo xtask cost --against FILE`.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use infra::cost::{Summary, compared};

fn main() -> Result<ExitCode> {
    let read = |path: &str| -> Result<Summary> {
        let text = std::fs::read_to_string(path).with_context(|| path.to_owned())?;
        serde_json::from_str(&text).with_context(|| path.to_owned())
    };
    let now = read("docs/costs.json")?;
    let mut arguments = std::env::args().skip(1);
    let before = match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, ..) => now.clone(),
        (Some("--against"), Some(path), None) => read(&path)?,
        _ => anyhow::bail!("usage: cargo xtask cost [--against FILE], a docs/costs.json of another commit"),
    };
    let (table, is_good) = compared(&before, &now);
    print!("{table}");
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
