//! The cost model: the bill of a million requests, line by line, and that of each environment while nobody uses it. It reads the prices
//! (`infra/prices.json`), the assumed traffic (`infra/traffic.json`), the capacity budgets of routes, the memory of functions, and the
//! resources of all templates. `docs/costs.md` and `docs/costs.json` are its results.

mod bill;
mod idle;
mod inputs;
mod plot;
mod report;
mod requests;

use std::path::Path;

use anyhow::Result;

pub use bill::{Bill, against_model};
pub use report::{Summary, compared};
pub use requests::Line;

use crate::{function::Function, generated::Generated};
use inputs::Inputs;

/// Returns the page, the figures and the plot.
pub(crate) fn generate(
    root: &Path,
    functions: &[Function],
    generated: &[Generated],
) -> Result<Vec<Generated>> {
    let inputs = Inputs::read(root, functions, generated)?;
    let summary = Summary::of(&inputs);
    Ok(vec![
        Generated::new("docs/costs.md", report::page(&inputs, &summary)),
        Generated::new("docs/costs.json", format!("{}\n", serde_json::to_string_pretty(&summary)?)),
        Generated::new("docs/costs.svg", plot::plot(&inputs.prices, &summary)),
    ])
}
