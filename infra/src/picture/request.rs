//! The path of a request: the edge, the HTTP API, the functions by area, and the state.

use api::routes::SPECS;
use door::route::{Caching, Spec};
use serde_yaml_ng::Value as Yaml;

use super::nodes::{EDGE, TABLE, WRITER, ids, targets};

/// The routes of a stack whose paths begin alike.
pub(super) struct Area {
    pub(super) stack: &'static str,
    name: &'static str,
    pub(super) routes: Vec<&'static Spec>,
}

impl Area {
    /// The name, and the number of routes.
    pub(super) fn title(&self) -> String {
        format!("{}: {}", self.name, self.routes.len())
    }
}

/// Returns every area, in the order of the table of routes.
pub(super) fn areas() -> Vec<Area> {
    let mut areas: Vec<Area> = Vec::new();
    for spec in SPECS {
        let name = area_of(spec.path);
        match areas.iter().position(|area| area.stack == spec.stack && area.name == name) {
            Some(at) => areas[at].routes.push(spec),
            None => areas.push(Area { stack: spec.stack, name, routes: vec![spec] }),
        }
    }
    areas
}

/// Returns the area of a path: `users` for `/api/v1/users/{id}`.
fn area_of(path: &'static str) -> &'static str {
    let rest = path.strip_prefix("/api/v1/").unwrap_or("other");
    rest.split('/').next().unwrap_or(rest)
}

pub(super) fn path(data: &Yaml) -> Vec<String> {
    let stored = SPECS.iter().filter(|spec| spec.caching == Caching::Shared).count();
    let mut lines = vec![
        "client([client]) --> firewall[firewall]".to_owned(),
        format!("firewall --> {EDGE}[\"CloudFront<br/>stores responses of {stored} routes\"]"),
        format!("{EDGE} -->|pages| WebBucket"),
        format!("{EDGE} -->|pictures, sounds| AssetsBucket"),
        format!("{EDGE} -->|with the value of OriginVerify| http[\"HTTP API<br/>{} routes\"]", SPECS.len()),
    ];
    let areas = areas();
    let mut stacks: Vec<&str> = areas.iter().map(|area| area.stack).collect();
    stacks.dedup();
    let node = |nth: usize| format!("area{nth}");
    // An arrow to a group follows the group.
    let mut arrows = Vec::new();
    for stack in stacks {
        lines.push(format!("subgraph {stack}[\"stack {stack}\"]"));
        for (nth, area) in areas.iter().enumerate().filter(|(_, area)| area.stack == stack) {
            lines.push(format!("  {}[\"{}\"]", node(nth), area.title()));
        }
        lines.push("end".to_owned());
        arrows.push(format!("http --> {stack}"));
        arrows.push(format!("{stack} --> tables"));
    }
    for (title, kind) in
        [("tables", TABLE), ("buckets", "AWS::S3::Bucket"), ("secrets", "AWS::SecretsManager::Secret")]
    {
        lines.push(format!("subgraph {title}"));
        lines.extend(ids(data, kind).into_iter().map(|id| format!("  {id}[({id})]")));
        lines.push("end".to_owned());
    }
    lines.extend(arrows);
    for (nth, area) in areas.iter().enumerate() {
        let needs: Vec<_> = area.routes.iter().flat_map(|spec| spec.needs).copied().collect();
        lines.extend(targets(&needs).into_iter().map(|target| format!("{} --> {target}", node(nth))));
    }
    lines.push(format!("{WRITER}[sync-pokeapi] --> tables"));
    lines.push(format!("{WRITER} --> PokeAPI([PokeAPI])"));
    lines
}
