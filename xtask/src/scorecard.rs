//! The scorecard: what a run of `cargo xtask test` measured, as one map of figures, and its comparison with that of another commit.

mod comparison;
mod figures;
mod rules;
pub mod sources;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use crate::cargo::root;
use crate::finding::Report;

use figures::Figures;

#[derive(clap::Args)]
pub struct Options {
    /// The scorecard of another commit; a regression beyond its tolerance fails
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

/// Writes the scorecard of a whole run. Returns its path.
pub fn write(reports: &[Report]) -> anyhow::Result<PathBuf> {
    let file = sources::scorecard();
    let figures = Figures::collect(reports, &root())?;
    fs::write(&file, format!("{:#}\n", json!({ "figures": figures.into_json() })))?;
    Ok(file)
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let now = read(&sources::scorecard()).context(
        "there is no scorecard of this commit: `cargo xtask test` writes it, if it runs every stage",
    )?;
    let before = options.against.as_deref().map(read).transpose()?;
    let (table, is_good) = comparison::compared(before.as_ref(), &now);
    print!("{table}");
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(file: &Path) -> anyhow::Result<Figures> {
    let name = || file.display().to_string();
    let scorecard: Value =
        serde_json::from_str(&fs::read_to_string(file).with_context(name)?).with_context(name)?;
    Figures::from_json(&scorecard["figures"]).with_context(name)
}
