//! The templates of the stacks. In `template.yaml`, the part between two marks is generated; the other templates are generated as a whole,
//! with the parameters, rules and common settings of `template.yaml` that they use.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::Value;
use serde_yaml_ng::{
    Mapping, Value as Yaml,
    value::{Tag, TaggedValue},
};

use crate::{
    accesses::{self, Accesses},
    canary,
    function::Function,
    gateway,
    generated::{self, Generated},
    resources, schedule, sections,
    stack::{MAIN, STACKS, Stack},
    transactions::{self, Transactions},
};

const BEGIN: &str = "  # Generated from here on: `cargo xtask generate`.\n";
const END: &str = "  # Generated up to here.\n";

/// The resource of `template.yaml` that every stack has.
const COMMON: &str = "TracingPolicy";

pub(crate) fn generate(root: &Path, functions: &[Function]) -> Result<Vec<Generated>> {
    let path = MAIN.template;
    let text = fs::read_to_string(root.join(path)).context(path)?;
    let (accesses, transactions) = (accesses::read(root)?, transactions::read(root)?);
    let mut files = Vec::new();
    for stack in STACKS {
        let resources = entries(stack, functions, &accesses, &transactions);
        let text =
            if stack.is_main() { between(&text, &resources)? } else { whole(stack, &text, resources)? };
        files.push(Generated::new(stack.template, text));
    }
    Ok(files)
}

/// The resources of a function, or those that several functions share, by logical id.
type Group = Vec<(String, Value)>;

fn entries(
    stack: Stack,
    functions: &[Function],
    accesses: &Accesses,
    transactions: &Transactions,
) -> Vec<Group> {
    let functions = stack.functions(functions);
    let none = accesses::Rights::new();
    let mut shared = canary::shared(stack);
    if stack.is_main() {
        shared.insert(0, gateway::stage(&functions));
    }
    shared.extend(schedule::shared(&functions));
    shared.extend(sections::of(stack).resources.into_iter().map(|(id, resource)| (id.to_owned(), resource)));
    let of = |function: &&Function| {
        let rights = accesses.get(function.name).unwrap_or(&none);
        let transactions = transactions.get(function.name).map_or(&[] as &[_], Vec::as_slice);
        resources::of(function, stack, rights, transactions)
    };
    let mut groups = if shared.is_empty() { Vec::new() } else { vec![shared] };
    groups.extend(functions.iter().map(of));
    groups
}

/// Returns the text of `template.yaml` with `resources` between the marks.
fn between(text: &str, resources: &[Group]) -> Result<String> {
    let mut lines = String::new();
    for group in resources {
        lines.push('\n');
        for (id, resource) in group {
            push(&mut lines, id, &short(resource.clone()))?;
        }
    }
    lines.push('\n');
    generated::between(MAIN.template, text, BEGIN, END, &lines)
}

/// Returns a whole template with `resources`, and what `main`, the text of `template.yaml`, has for every stack.
fn whole(stack: Stack, main: &str, resources: Vec<Group>) -> Result<String> {
    let main: Yaml = serde_yaml_ng::from_str(main).context(MAIN.template)?;
    let section = |name: &str| main.get(name).and_then(Yaml::as_mapping).cloned().unwrap_or_default();
    let mut all = vec![vec![(COMMON.to_owned(), section("Resources").get(COMMON).cloned().context(COMMON)?)]];
    let short_group = |group: Group| group.into_iter().map(|(id, resource)| (id, short(resource))).collect();
    all.extend(resources.into_iter().map(short_group));

    let mut used = BTreeSet::new();
    for (_, resource) in all.iter().flatten() {
        names(resource, &mut used);
    }
    names(&Yaml::Mapping(section("Globals")), &mut used);
    names(&Yaml::Mapping(section("Rules")), &mut used);
    let mut conditions = kept(section("Conditions"), &used);
    names(&Yaml::Mapping(conditions.clone()), &mut used);
    let own = sections::of(stack);
    let mut parameters = kept(section("Parameters"), &used);
    parameters.extend(own.parameters.into_iter().map(|(name, value)| (name.into(), short(value))));
    let mut rules = section("Rules");
    rules.extend(own.rules.into_iter().map(|(name, value)| (name.into(), short(value))));
    conditions.extend(own.conditions.into_iter().map(|(name, value)| (name.into(), short(value))));

    let mut text = format!(
        "# Generated: `cargo xtask generate`.\nAWSTemplateFormatVersion: \"2010-09-09\"\nTransform: AWS::Serverless-2016-10-31\n\
         Description: {}\n",
        stack.description
    );
    let sections = [
        ("Parameters", parameters),
        ("Rules", rules),
        ("Conditions", conditions),
        ("Globals", section("Globals")),
    ];
    for (name, entries) in sections.into_iter().filter(|(_, entries)| !entries.is_empty()) {
        text.push_str(&format!("\n{name}:\n"));
        for (id, entry) in &entries {
            push(&mut text, id.as_str().context("a name that is text")?, entry)?;
        }
    }
    text.push_str("\nResources:\n");
    for (nth, group) in all.iter().enumerate() {
        if nth > 0 {
            text.push('\n');
        }
        for (id, entry) in group {
            push(&mut text, id, entry)?;
        }
    }
    for (nth, (name, output)) in own.outputs.into_iter().enumerate() {
        if nth == 0 {
            text.push_str("\nOutputs:\n");
        }
        push(&mut text, name, &short(output))?;
    }
    Ok(text)
}

/// Returns a template without functions: its description, and its sections with their entries.
pub(crate) fn document(description: &str, sections: &[(&str, Vec<(String, Value)>)]) -> Result<String> {
    let mut text = format!(
        "# Generated: `cargo xtask generate`.\nAWSTemplateFormatVersion: \"2010-09-09\"\nDescription: {description}\n"
    );
    for (name, entries) in sections {
        text.push_str(&format!("\n{name}:\n"));
        for (id, entry) in entries {
            push(&mut text, id, &short(entry.clone()))?;
        }
    }
    Ok(text)
}

/// Returns the entries whose names are in `used`.
fn kept(section: Mapping, used: &BTreeSet<String>) -> Mapping {
    section.into_iter().filter(|(name, _)| name.as_str().is_some_and(|name| used.contains(name))).collect()
}

/// Adds the names that `value` refers to: those of `!Ref`, `!If` and `${…}`.
fn names(value: &Yaml, used: &mut BTreeSet<String>) {
    match value {
        Yaml::Tagged(tagged) => {
            match (tagged.tag.to_string().as_str(), &tagged.value) {
                ("!Ref", Yaml::String(name)) => {
                    used.insert(name.clone());
                }
                ("!If", Yaml::Sequence(items)) => {
                    used.extend(items.first().and_then(Yaml::as_str).map(str::to_owned));
                }
                _ => {}
            }
            names(&tagged.value, used);
        }
        Yaml::Mapping(fields) => fields.values().for_each(|value| names(value, used)),
        Yaml::Sequence(items) => items.iter().for_each(|item| names(item, used)),
        Yaml::String(text) => {
            let inside = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
            used.extend(inside.map(|(name, _)| name.to_owned()));
        }
        Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) => {}
    }
}

/// Appends an entry of a section, indented by two spaces.
fn push(text: &mut String, id: &str, value: &Yaml) -> Result<()> {
    let mut entry = Mapping::new();
    entry.insert(id.into(), value.clone());
    for line in serde_yaml_ng::to_string(&entry)?.lines() {
        text.push_str("  ");
        text.push_str(&quoted(line));
        text.push('\n');
    }
    Ok(())
}

/// Quotes the values that readers of YAML 1.1, such as SAM, take for a date or a truth value.
fn quoted(line: &str) -> String {
    let start = line.rfind(": ").or_else(|| line.rfind("- ")).map_or(0, |at| at + 2);
    let (before, value) = line.split_at(start);
    let is_odd =
        matches!(value, "2012-10-17" | "on" | "off" | "ON" | "OFF" | "On" | "Off" | "yes" | "no" | "y" | "n");
    if is_odd { format!("{before}\"{value}\"") } else { line.to_owned() }
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
