//! The tables of the page: the recorded accesses by area, and the stacks.

use std::collections::BTreeSet;

use api::jobs::JOBS;
use serde::Deserialize;

use super::request::areas;
use crate::accesses::Accesses;

/// `deploy/stacks.toml`.
#[derive(Deserialize)]
pub(super) struct List {
    pub(super) stack: Vec<Deployed>,
}

/// A stack, as the file lists it.
#[derive(Deserialize)]
pub(super) struct Deployed {
    pub(super) name: String,
    template: String,
    #[serde(default)]
    pub(super) region: Option<String>,
    #[serde(default)]
    environments: Vec<String>,
    #[serde(default)]
    standby: Option<String>,
}

pub(super) fn stacks(list: &List) -> String {
    let mut table =
        "| | stack | template | environments | region | in the second region |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for (nth, stack) in (1..).zip(&list.stack) {
        let environments =
            if stack.environments.is_empty() { "all".to_owned() } else { stack.environments.join(", ") };
        let region = stack.region.as_deref().unwrap_or_default();
        let standby = stack.standby.as_deref().unwrap_or_default();
        table.push_str(&format!(
            "| {nth} | {} | `{}` | {environments} | {region} | {standby} |\n",
            stack.name, stack.template
        ));
    }
    table
}

/// Returns the accesses of the routes of each area, and of each job.
pub(super) fn rights(accesses: &Accesses) -> String {
    let keys = accesses.values().flat_map(|rights| rights.keys());
    let tables: BTreeSet<String> = keys.map(|key| table_of(key)).collect();
    let names: Vec<&str> = tables.iter().map(String::as_str).collect();
    let mut table = format!("| functions | stack | {} |\n", names.join(" | "));
    table.push_str(&format!("|---|---|{}\n", "---|".repeat(names.len())));
    let mut row = |title: String, stack: &str, functions: &[&str]| {
        let cells: Vec<&str> = names.iter().map(|name| cell(accesses, functions, name)).collect();
        table.push_str(&format!("| {title} | {stack} | {} |\n", cells.join(" | ")));
    };
    for area in areas() {
        let functions: Vec<&str> = area.routes.iter().map(|spec| spec.name).collect();
        row(area.title(), area.stack, &functions);
    }
    for job in JOBS {
        row(format!("`{}`", job.name), job.stack, &[job.name]);
    }
    table
}

/// Returns the table that a key of the recorded accesses means: `app` for `AppTableName/index/gsi1`.
fn table_of(key: &str) -> String {
    let name = key.split('/').next().unwrap_or(key);
    name.trim_end_matches("TableName").to_lowercase()
}

/// Returns whether these functions read or write a table.
fn cell(accesses: &Accesses, functions: &[&str], table: &str) -> &'static str {
    let rights = functions.iter().filter_map(|name| accesses.get(*name)).flatten();
    let of_table = rights.filter(|(key, _)| table_of(key) == table);
    let actions: Vec<&String> = of_table.flat_map(|(_, actions)| actions.keys()).collect();
    let changes = actions.iter().filter(|action| is_change(action)).count();
    match (changes < actions.len(), changes > 0) {
        (true, true) => "reads, writes",
        (true, false) => "reads",
        (false, true) => "writes",
        (false, false) => "",
    }
}

fn is_change(action: &str) -> bool {
    matches!(action, "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem")
}
