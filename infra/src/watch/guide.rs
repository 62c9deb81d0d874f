//! The tables of `docs/operations.md`.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use super::{ALARMS, PAGES, QUERIES};
use crate::generated::{self, Generated};

const PAGE: &str = "docs/operations.md";
const END: &str = "<!-- Generated up to here -->";

pub(crate) fn generate(root: &Path) -> Result<Generated> {
    let mut text = fs::read_to_string(root.join(PAGE)).context(PAGE)?;
    for (mark, table) in [("alarms", alarms()), ("metrics", metrics()), ("queries", queries())] {
        let begin = format!("<!-- Generated: {mark} -->\n");
        text = generated::between(PAGE, &text, &begin, END, &format!("\n{table}\n"))?;
    }
    Ok(Generated::new(PAGE, text))
}

fn alarms() -> String {
    let mut table = "| alarm | severity | symptom | runbook |\n|---|---|---|---|\n".to_owned();
    for page in PAGES {
        let all: Vec<_> = ALARMS
            .iter()
            .filter(|alarm| page.any.contains(&alarm.id))
            .map(|alarm| format!("`{}`", alarm.name()))
            .collect();
        table.push_str(&format!(
            "| `{}` | critical | {}: one of {} | [{}](runbooks/{}.md) |\n",
            page.name(),
            page.symptom,
            all.join(", "),
            page.runbook,
            page.runbook
        ));
    }
    for alarm in ALARMS {
        let is_in_page = PAGES.iter().any(|page| page.any.contains(&alarm.id));
        let severity = if is_in_page { "critical, in its page" } else { "warning" };
        table.push_str(&format!(
            "| `{}` | {severity} | {} | [{}](runbooks/{}.md) |\n",
            alarm.name(),
            alarm.symptom,
            alarm.runbook,
            alarm.runbook
        ));
    }
    table
}

fn metrics() -> String {
    let mut table = "| metric | unit | meaning |\n|---|---|---|\n".to_owned();
    for metric in api::metrics::all() {
        table.push_str(&format!(
            "| `{}` | {} | {} |\n",
            metric.name,
            metric.unit.to_lowercase(),
            metric.meaning
        ));
    }
    table
}

fn queries() -> String {
    let mut table = "| query | answers |\n|---|---|\n".to_owned();
    for query in QUERIES {
        table.push_str(&format!("| `{}` | {} |\n", query.name, query.answers));
    }
    table
}
