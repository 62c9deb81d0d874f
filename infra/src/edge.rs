//! The edge: the behaviours of the routes whose responses CloudFront stores, and the JavaScript that runs in front of them.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use api::{openapi, routes::SPECS, web};
use door::route::{Caching, Spec};
use http::Method;

use crate::generated::{self, Generated};

const TEMPLATE: &str = "infra/edge.yaml";
/// The largest function that CloudFront accepts, in bytes.
const LARGEST_FUNCTION: usize = 10 * 1024;

/// A function of CloudFront: its file, and the constants that are generated in it.
struct Script {
    path: &'static str,
    constants: Vec<(&'static str, String)>,
}

pub(crate) fn generate(root: &Path) -> Result<Vec<Generated>> {
    let cached: Vec<_> = behaviours().iter().map(|behaviour| expression(&behaviour.path)).collect();
    let scripts = [
        Script {
            path: "infra/edge/requests.js",
            constants: vec![("CACHED", list(&cached)), ("KEYS", list(quoted(query_keys())))],
        },
        Script {
            path: "infra/edge/pages.js",
            constants: vec![("OWNED", list(quoted(web::OWNED))), ("FILES", list(quoted(web::FILES)))],
        },
    ];
    let mut files = Vec::new();
    let mut template = fs::read_to_string(root.join(TEMPLATE)).context(TEMPLATE)?;
    template = between(&template, "behaviours", &text_of_behaviours())?;
    let policy = format!("            ContentSecurityPolicy: {}\n", web::CONTENT_SECURITY_POLICY);
    template = between(&template, "policy", &policy)?;
    for script in scripts {
        let text = script.text(root)?;
        let indented: String =
            text.lines().map(|line| format!("        {line}").trim_end().to_owned() + "\n").collect();
        template = between(&template, script.path, &format!("      FunctionCode: |\n{indented}"))?;
        files.push(Generated::new(script.path, text));
    }
    files.push(Generated::new(TEMPLATE, template));
    Ok(files)
}

impl Script {
    /// Returns the file with its constants.
    fn text(&self, root: &Path) -> Result<String> {
        let mut text = fs::read_to_string(root.join(self.path)).context(self.path)?;
        for (name, value) in &self.constants {
            let start = format!("const {name} = [");
            let (before, rest) =
                text.split_once(&start).with_context(|| format!("{} has no {name}", self.path))?;
            let (_, after) = rest.split_once("];\n").with_context(|| format!("{name} does not end"))?;
            text = format!("{before}const {name} = {value};\n{after}");
        }
        ensure!(text.len() <= LARGEST_FUNCTION, "{} has {} bytes", self.path, text.len());
        Ok(text)
    }
}

/// Replaces the lines of the template `text` between the two comments that name `mark`.
fn between(text: &str, mark: &str, lines: &str) -> Result<String> {
    let begin = format!("# Generated from here on: {mark}.\n");
    generated::between(TEMPLATE, text, &begin, "# Generated up to here.\n", lines)
}

/// A behaviour of the distribution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Behaviour {
    path: String,
    /// Whether requests of this path may change something. CloudFront then accepts no second origin for it.
    is_written: bool,
}

/// Returns the behaviours of the routes whose responses are stored, the most specific path first.
fn behaviours() -> Vec<Behaviour> {
    let path = |spec: &Spec| -> String {
        let parts = spec.path.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    let of = |spec: &Spec| Behaviour {
        path: path(spec),
        is_written: SPECS.iter().any(|other| other.method != Method::GET && other.path == spec.path),
    };
    let mut behaviours: Vec<_> =
        SPECS.iter().filter(|spec| spec.caching == Caching::Shared).map(of).collect();
    // CloudFront takes the first behaviour that matches: `*` also stands for several parts of a path.
    behaviours.sort_by_key(|behaviour| {
        let parts = behaviour.path.split('/').count();
        (behaviour.path.contains('*'), std::cmp::Reverse(parts), behaviour.path.clone())
    });
    behaviours
}

fn text_of_behaviours() -> String {
    let text = |behaviour: &Behaviour| {
        let all = "[GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE]";
        let (origin, methods) = match behaviour.is_written {
            true => ("api", all.to_owned()),
            // CloudFront accepts two origins only where nothing is written; with one origin, the API itself answers other methods.
            false => (
                "!If [HasFailover, api-with-failover, api]",
                format!("!If [HasFailover, [GET, HEAD, OPTIONS], {all}]"),
            ),
        };
        format!(
            "          - PathPattern: {}\n            TargetOriginId: {origin}\n            AllowedMethods: {methods}\n\
             \x20           CachePolicyId: !Ref CataloguePolicy\n            OriginRequestPolicyId: b689b0a8-53d0-40ab-baf2-68738e2966ac\n\
             \x20           ViewerProtocolPolicy: redirect-to-https\n            Compress: true\n            FunctionAssociations:\n\
             \x20             - {{EventType: viewer-request, FunctionARN: !GetAtt Requests.FunctionARN}}\n",
            behaviour.path
        )
    };
    behaviours().iter().map(text).collect()
}

/// Returns the regular expression for the paths of a behaviour.
fn expression(pattern: &str) -> String {
    format!("/^{}$/", pattern.replace('.', "\\.").replace('/', "\\/").replace('*', ".*"))
}

/// Returns the query keys of the routes whose responses are stored, sorted.
fn query_keys() -> BTreeSet<String> {
    let document = openapi::document();
    let mut keys = BTreeSet::new();
    for spec in SPECS.iter().filter(|spec| spec.caching == Caching::Shared) {
        let operation = &document["paths"][spec.path][spec.method.as_str().to_ascii_lowercase()];
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let of_query = parameters.filter(|parameter| parameter["in"] == "query");
        keys.extend(of_query.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned));
    }
    keys
}

fn quoted<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Vec<String> {
    names.into_iter().map(|name| format!("'{}'", name.as_ref())).collect()
}

fn list(items: impl AsRef<[String]>) -> String {
    format!("[{}]", items.as_ref().join(", "))
}
