//! The pictures of the architecture, `docs/architecture.md`: the path of a request, the jobs, the alarms, the copies and the stacks.
//!
//! Names and numbers come from the tables of routes, jobs and alarms, the recorded accesses, `infra/data.yaml` and `deploy/stacks.toml`.
//! Only the arrows between services of AWS are written here.

mod nodes;
mod operation;
mod request;
mod tables;

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde_yaml_ng::Value as Yaml;

use crate::{accesses, generated::Generated};

const PAGE: &str = "docs/architecture.md";
const DATA: &str = "infra/data.yaml";
const STACKS: &str = "deploy/stacks.toml";

/// Returns the page.
pub(crate) fn generate(root: &Path) -> Result<Generated> {
    let data = fs::read_to_string(root.join(DATA)).context(DATA)?;
    let data: Yaml = serde_yaml_ng::from_str(&data).context(DATA)?;
    let stacks = fs::read_to_string(root.join(STACKS)).context(STACKS)?;
    let stacks: tables::List = toml::from_str(&stacks).context(STACKS)?;
    let accesses = accesses::read(root)?;
    nodes::check(&data).context(DATA)?;
    let mut page = "<!-- Generated: `cargo xtask generate`. -->\n# Pictures of the architecture\n\nNames and numbers come from the tables of the \
                    project; [ARCHITECTURE.md](../ARCHITECTURE.md) explains them.\n"
        .to_owned();
    let mut section = |title: &str, text: &str| page.push_str(&format!("\n## {title}\n\n{text}"));
    section("The path of a request", &diagram(&request::path(&data)));
    section("Reads and writes of the database", &tables::rights(&accesses));
    section("Jobs", &diagram(&operation::jobs()));
    section("Alarms", &diagram(&operation::alarms()));
    section("Copies", &diagram(&operation::copies(&data, &stacks)));
    section("Stacks, in the order of their deployment", &tables::stacks(&stacks));
    Ok(Generated::new(PAGE, page))
}

/// Returns a flowchart with these lines.
fn diagram(lines: &[String]) -> String {
    format!("```mermaid\nflowchart LR\n  {}\n```\n", lines.join("\n  "))
}
