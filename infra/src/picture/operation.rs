//! The operation: the jobs with their schedules, the alarms with their topics, and the copies of the data.

use api::jobs::{JOBS, Job};
use serde_yaml_ng::Value as Yaml;

use super::{
    nodes::{EDGE, TABLE, ids, targets},
    tables::List,
};
use crate::{
    function::logical_id,
    watch::{ALARMS, PAGES, Place},
};

/// Returns the jobs, each with its trigger and with what it uses besides the tables.
pub(super) fn jobs() -> Vec<String> {
    let mut lines = vec![
        "scheduler[EventBridge Scheduler] -->|could not start a job| failures[(queue of failures)]"
            .to_owned(),
        "release[deployment]".to_owned(),
    ];
    for job in JOBS {
        let id = logical_id(job.name);
        lines.push(format!("{} {id}[{}]", trigger(job), job.name));
        lines.extend(targets(job.needs).into_iter().map(|target| format!("{id} --> {target}")));
        if job.variables.iter().any(|name| name.starts_with("POKEAPI_")) {
            lines.push(format!("{id} --> PokeAPI([PokeAPI])"));
        }
    }
    lines.push(format!("{EDGE}[CloudFront]"));
    lines
}

/// Returns the beginning of the arrow to a job.
fn trigger(job: &Job) -> String {
    let Some(schedule) = &job.schedule else { return "release -->".to_owned() };
    let interval = match schedule.minutes {
        1 => "minute".to_owned(),
        60 => "hour".to_owned(),
        1440 => "day".to_owned(),
        minutes => format!("{minutes} minutes"),
    };
    format!("scheduler -->|every {interval}|")
}

/// Returns the alarms of both places, the pages that stand for several of them, and the topics.
pub(super) fn alarms() -> Vec<String> {
    let mut lines = Vec::new();
    for (id, place, source, region) in [
        ("home", Place::Home, "functions, tables, HTTP API", "the region"),
        ("global", Place::Global, "edge, check from outside", "us-east-1"),
    ] {
        let number = ALARMS.iter().filter(|alarm| alarm.place == place).count();
        lines.push(format!("{id}Metrics[{source}] --> {id}[\"{number} alarms in {region}\"]"));
        lines.push(format!("{id} --> warnings[[topic warnings]]"));
        for page in PAGES.iter().filter(|page| page.place == place) {
            let (any, name) = (page.any.len(), page.name());
            lines.push(format!("{id} -->|any of {any}| {}[{name}]", page.id));
            lines.push(format!("{} --> critical[[topic critical]]", page.id));
        }
    }
    lines.push("warnings --> email([e-mail])".to_owned());
    lines.push("critical --> email".to_owned());
    lines.push("critical --> pager([pager])".to_owned());
    lines
}

/// Returns the copies of the tables: replicas, and nightly backups of what cannot be rebuilt.
pub(super) fn copies(data: &Yaml, stacks: &List) -> Vec<String> {
    let second = stacks.stack.iter().find(|stack| stack.name == "dr");
    let region = second.and_then(|stack| stack.region.as_deref()).unwrap_or("the second region");
    let tables = ids(data, TABLE);
    let mut lines = vec!["subgraph tables".to_owned()];
    lines.extend(tables.iter().map(|id| format!("  {id}[({id})]")));
    lines.push("end".to_owned());
    lines.push(format!("subgraph second[\"{region}\"]"));
    lines.push("  replicas[(replicas)]".to_owned());
    lines.push("  copies[(vault of copies)]".to_owned());
    lines.push("end".to_owned());
    for id in &tables {
        let replicas = data["Resources"][id.as_str()]["Properties"]["Replicas"].as_sequence();
        // The first one is the table itself.
        if replicas.is_some_and(|replicas| replicas.len() > 1) {
            lines.push(format!("{id} -->|continuously| replicas"));
        }
        if data["Resources"][id.as_str()]["DeletionPolicy"] == "RetainExceptOnCreate" {
            lines.push(format!("{id} -->|every night| vault[(vault)]"));
        }
    }
    lines.push("vault -->|a copy of each backup| copies".to_owned());
    lines
}
