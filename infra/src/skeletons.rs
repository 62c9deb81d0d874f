//! Skeletons for a new function: its sample events, and the budget of its route. Existing files and lines are kept.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use api::{jobs::JOBS, routes::SPECS};
use door::route::{Access, DEFAULT, Spec};
use http::Method;
use serde_json::{Map, Value, json};

use crate::{function::Function, generated::Generated};

const EVENTS: &str = "events";
const BUDGET: &str = "tests/budget.json";

pub(crate) fn generate(root: &Path) -> Result<Vec<Generated>> {
    let routes = SPECS.iter().map(|spec| (spec.name.to_owned(), request(spec)));
    let jobs = JOBS.iter().flat_map(|job| {
        // A job's check reports whether it could run; without a task, the event starts the job.
        [(job.name.to_owned(), json!({})), (format!("check-{}", job.name), json!({"task": "check"}))]
    });
    let mut files = Vec::new();
    for (name, event) in routes.chain(jobs) {
        let path = format!("{EVENTS}/{name}.json");
        if !root.join(&path).exists() {
            files.push(Generated::new(path, format!("{event:#}\n")));
        }
    }
    files.push(budget(root)?);
    Ok(files)
}

pub(crate) fn strays(root: &Path, functions: &[Function]) -> Result<Vec<PathBuf>> {
    let is_known = |stem: &str| {
        let job = stem.strip_prefix("check-").filter(|name| JOBS.iter().any(|job| job.name == *name));
        functions.iter().any(|function| function.name == job.unwrap_or(stem))
    };
    let mut strays = Vec::new();
    for entry in fs::read_dir(root.join(EVENTS)).context(EVENTS)? {
        let path = PathBuf::from(EVENTS).join(entry?.file_name());
        if !path.file_stem().and_then(|stem| stem.to_str()).is_some_and(is_known) {
            strays.push(path);
        }
    }
    strays.sort_unstable();
    Ok(strays)
}

/// Returns the budget with one line per route, in the table's order. A new route has a line of zeros, which its test corrects.
fn budget(root: &Path) -> Result<Generated> {
    let text = fs::read_to_string(root.join(BUDGET)).context(BUDGET)?;
    let known: Map<String, Value> = serde_json::from_str(&text).context(BUDGET)?;
    let line = |spec: &Spec| {
        let none = json!({"calls": 0, "rcu": 0.0, "wcu": 0.0});
        let line = known.get(spec.name).unwrap_or(&none);
        let part = |name: &str| format!("\"{name}\": {}", line[name]);
        format!("  \"{}\": {{ {}, {}, {} }}", spec.name, part("calls"), part("rcu"), part("wcu"))
    };
    let lines: Vec<_> = SPECS.iter().map(line).collect();
    Ok(Generated::new(BUDGET, format!("{{\n{}\n}}\n", lines.join(",\n"))))
}

/// The user of the sample requests, whose token replaces `ACCESS_TOKEN`.
const USER: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Returns an event that the HTTP API would send to the route, with 1 for each path parameter except the id of an owner, and an empty body.
fn request(spec: &Spec) -> Value {
    let parameters: Vec<_> =
        spec.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
    let path = match spec.path {
        DEFAULT => "/nothing".to_owned(),
        path => parameters
            .iter()
            .fold(path.to_owned(), |path, name| path.replace(&format!("{{{name}}}"), sample(spec, name))),
    };
    let route_key =
        if spec.path == DEFAULT { DEFAULT.to_owned() } else { format!("{} {}", spec.method, spec.path) };
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "application/json",
            "host": "abc123.execute-api.eu-central-1.amazonaws.com",
            "user-agent": "curl/8.5.0",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": "abc123.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "abc123",
            "http": {
                "method": spec.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route_key,
            "stage": "$default",
            "time": "04/Mar/2026:19:15:17 +0000",
            "timeEpoch": 1_772_651_717_000_i64,
        },
        "isBase64Encoded": false,
    });
    match spec.access {
        Access::Public | Access::Refresh => {}
        Access::Admin => event["headers"]["authorization"] = json!("Bearer ADMIN_TOKEN"),
        Access::Session | Access::User | Access::Owner | Access::OwnerOrAdmin => {
            event["headers"]["authorization"] = json!("Bearer ACCESS_TOKEN");
        }
    }
    if !parameters.is_empty() {
        event["pathParameters"] =
            parameters.iter().map(|name| ((*name).to_owned(), json!(sample(spec, name)))).collect();
    }
    if spec.method != Method::GET {
        event["headers"]["content-type"] = json!("application/json");
        event["body"] = json!("{}");
    }
    event
}

/// Returns the value of a path parameter.
fn sample(spec: &Spec, parameter: &str) -> &'static str {
    match (spec.access, parameter) {
        (Access::Owner | Access::OwnerOrAdmin, "id") => USER,
        _ => "1",
    }
}
