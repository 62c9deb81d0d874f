//! The part of `template.yaml` between two marks: the functions, their roles and their log groups.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::Value;
use serde_yaml_ng::{
    Mapping, Value as Yaml,
    value::{Tag, TaggedValue},
};

use crate::{
    accesses::{self, Accesses},
    function::Function,
    generated::Generated,
    resources,
    transactions::{self, Transactions},
};

const PATH: &str = "template.yaml";
const BEGIN: &str = "  # Generated from here on: `cargo xtask generate`.\n";
const END: &str = "  # Generated up to here.\n";

pub(crate) fn generate(root: &Path, functions: &[Function]) -> Result<Generated> {
    let text = fs::read_to_string(root.join(PATH)).context(PATH)?;
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("{PATH} has no line {BEGIN:?}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{PATH} has no line {END:?}"))?;
    let accesses = accesses::read(root)?;
    let resources = resources(functions, &accesses, &transactions::read(root)?)?;
    Ok(Generated::new(PATH, format!("{before}{BEGIN}{resources}\n{END}{after}")))
}

fn resources(functions: &[Function], accesses: &Accesses, transactions: &Transactions) -> Result<String> {
    let mut text = String::new();
    for function in functions {
        text.push('\n');
        let none = accesses::Rights::new();
        let rights = accesses.get(function.name).unwrap_or(&none);
        let transactions = transactions.get(function.name).map_or(&[] as &[_], Vec::as_slice);
        for (id, resource) in resources::of(function, rights, transactions) {
            let mut entry = Mapping::new();
            entry.insert(Yaml::from(id), short(resource));
            let yaml = serde_yaml_ng::to_string(&entry)?;
            for line in yaml.lines() {
                text.push_str("  ");
                // Older readers of YAML take an unquoted date for a date.
                text.push_str(&line.replace("Version: 2012-10-17", "Version: \"2012-10-17\""));
                text.push('\n');
            }
        }
    }
    Ok(text)
}

/// Returns `value` with the short forms of intrinsic functions: `!Ref X` for `{"Ref": "X"}`.
fn short(value: Value) -> Yaml {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().collect();
            let tag = match &fields[..] {
                [(name, _)] if name == "Ref" => Some("Ref".to_owned()),
                [(name, _)] => name.strip_prefix("Fn::").map(str::to_owned),
                _ => None,
            };
            match (tag, fields.pop()) {
                (Some(tag), Some((_, value))) => {
                    Yaml::Tagged(Box::new(TaggedValue { tag: Tag::new(tag), value: short(value) }))
                }
                (_, last) => {
                    let entry = |(name, value)| (Yaml::from(name), short(value));
                    Yaml::Mapping(fields.into_iter().chain(last).map(entry).collect())
                }
            }
        }
        Value::Array(items) => Yaml::Sequence(items.into_iter().map(short).collect()),
        Value::String(text) => Yaml::String(text),
        Value::Bool(flag) => Yaml::Bool(flag),
        Value::Number(number) => number.as_i64().map_or(Yaml::Null, Yaml::from),
        Value::Null => Yaml::Null,
    }
}
