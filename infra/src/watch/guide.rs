//! The tables of `docs/operations.md`.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use super::{alarm::Place, alarms::ALARMS, global::REGION, pages::PAGES, queries::QUERIES};
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

/// The region of an alarm; none if it is that of the environment.
const fn region(place: Place) -> &'static str {
    match place {
        Place::Home => "",
        Place::Global => REGION,
    }
}

fn alarms() -> String {
    let mut table = "| alarm | severity | symptom | runbook | region |\n|---|---|---|---|---|\n".to_owned();
    let mut row = |name: &str, severity: &str, symptom: &str, runbook: &str, place: Place| {
        table.push_str(&format!(
            "| `{name}` | {severity} | {symptom} | [{runbook}](runbooks/{runbook}.md) | {} |\n",
            region(place)
        ));
    };
    for page in PAGES {
        let all: Vec<_> = ALARMS
            .iter()
            .filter(|alarm| page.any.contains(&alarm.id))
            .map(|alarm| format!("`{}`", alarm.name()))
            .collect();
        let symptom = format!("{}: one of {}", page.symptom, all.join(", "));
        row(&page.name(), "critical", &symptom, page.runbook, page.place);
    }
    for alarm in ALARMS {
        let is_in_page = PAGES.iter().any(|page| page.any.contains(&alarm.id));
        let severity = if is_in_page { "critical, in its page" } else { "warning" };
        row(&alarm.name(), severity, alarm.symptom, alarm.runbook, alarm.place);
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
