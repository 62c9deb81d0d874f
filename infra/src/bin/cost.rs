//! Compares the costs that the model expects with former figures, `cargo xtask cost --against FILE`, or with a bill, `--bill FILE`.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use infra::cost::{Bill, Summary, against_model, compared};
use serde::de::DeserializeOwned;
use serde_json::Value;

const USAGE: &str = "usage: cargo xtask cost [--against FILE | --bill FILE], a docs/costs.json of another commit, or the answer of \
                     `aws ce get-cost-and-usage`";

fn main() -> Result<ExitCode> {
    let now: Summary = read("docs/costs.json")?;
    let mut arguments = std::env::args().skip(1);
    let before = match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, ..) => now.clone(),
        (Some("--against"), Some(path), None) => read(&path)?,
        (Some("--bill"), Some(path), None) => {
            let bill = Bill::read(&read::<Value>(&path)?).context(path)?;
            print!("{}", against_model(&bill, &now));
            return Ok(ExitCode::SUCCESS);
        }
        _ => anyhow::bail!(USAGE),
    };
    let (table, is_good) = compared(&before, &now);
    print!("{table}");
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read<T: DeserializeOwned>(path: &str) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| path.to_owned())?;
    serde_json::from_str(&text).with_context(|| path.to_owned())
}
