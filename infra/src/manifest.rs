//! The manifest of the functions: the list of binaries, and the router of `cargo lambda watch`.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result};
use api::routes::SPECS;
use door::route::{DEFAULT, Spec};

use crate::{function::Function, generated::Generated};

const PATH: &str = "functions/Cargo.toml";
const MARK: &str = "# Generated from here on: `cargo xtask generate`.\n";
/// The methods that the router must list: cargo-lambda itself would answer a path whose method is not listed.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"];

pub(crate) fn generate(root: &Path, functions: &[Function]) -> Result<Generated> {
    let text = fs::read_to_string(root.join(PATH)).context(PATH)?;
    let (by_hand, _) = text.split_once(MARK).with_context(|| format!("{PATH} has no line {MARK:?}"))?;
    let mut text = format!("{by_hand}{MARK}");
    for function in functions {
        write!(text, "\n[[bin]]\nname = \"{}\"\ntest = false\n", function.name)?;
    }
    text.push_str("\n[package.metadata.lambda.watch.router]\n");
    for spec in SPECS.iter().filter(|spec| spec.path != DEFAULT) {
        if SPECS.iter().find(|other| other.path == spec.path) != Some(spec) {
            continue;
        }
        writeln!(text, "\"{}\" = [", spec.path)?;
        for method in METHODS {
            writeln!(
                text,
                "    {{ method = \"{method}\", function = \"{}\" }},",
                served_by(spec.path, method)
            )?;
        }
        text.push_str("]\n");
    }
    let unknown = unknown();
    writeln!(text, "\"/\" = \"{unknown}\"\n\"/{{*rest}}\" = \"{unknown}\"")?;
    Ok(Generated::new(PATH, text))
}

/// Returns the route that serves `method` at the path of another route. HEAD is GET without a body. This matches API Gateway: a PUT of
/// `/pokemon/types` matches `/pokemon/{id}`.
fn served_by(path: &str, method: &str) -> &'static str {
    let method = if method == "HEAD" { "GET" } else { method };
    let asked = |spec: &&Spec| spec.path != DEFAULT && spec.method == method;
    let own = SPECS.iter().filter(asked).find(|spec| spec.path == path);
    let wider = || SPECS.iter().filter(asked).find(|spec| !path.contains('{') && spec.matches(path));
    own.or_else(wider).map_or_else(unknown, |spec| spec.name)
}

/// Returns the route for requests that match no other route.
fn unknown() -> &'static str {
    SPECS.iter().find(|spec| spec.path == DEFAULT).map_or("", |spec| spec.name)
}
