//! The stacks of an environment.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Result, ensure};
use door::environment::Environment;
use serde::{Deserialize, Serialize};

use crate::settings::Settings;

/// A stack, as `deploy/stacks.toml` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stack {
    /// The name without the environment.
    pub name: String,
    /// The path of the template, relative to the repository's root.
    pub template: String,
    /// Whether the stack holds data: it cannot be deleted by mistake, and no deployment replaces or deletes a resource with data.
    #[serde(default)]
    pub protected: bool,
    /// The region, if it is not that of the environment.
    #[serde(default)]
    pub region: Option<String>,
    /// The environments that have the stack; all if empty.
    #[serde(default)]
    pub environments: Vec<String>,
    /// Whether the second region of an environment has the stack.
    #[serde(default)]
    pub standby: Standby,
}

/// The time from which the second region has a stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standby {
    /// The first region alone has the stack, or the stack is global.
    #[default]
    Never,
    /// The second region serves with the stack once it has taken over.
    Active,
    /// The second region has the stack from the start.
    Always,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    stack: Vec<Stack>,
}

/// The stack that has the name of the environment alone.
pub const MAIN: &str = "functions";
/// The stack with the verification of new versions, which the stacks after it use.
pub const RELEASE: &str = "release";
/// The stack of the scheduled jobs, which a rollback moves first.
pub const JOBS: &str = "jobs";
/// The stack of the tables and buckets.
pub const DATA: &str = "data";
/// The stack that replaces [`DATA`] in the second region, which has replicas of the tables.
pub const REPLICAS: &str = "dr";
/// The beginning of the names of the stacks of alarms, which stable environments have: one in each region with metrics.
const WATCH: &str = "watch";
/// The stack of the distribution, which is the address of an environment that has one.
pub const EDGE: &str = "edge";

impl Stack {
    /// Whether the stack can have functions: all of them are in the region of the environment.
    #[must_use]
    pub fn has_functions(&self) -> bool {
        !self.protected && self.region.is_none()
    }

    /// Whether the stack is one of alarms.
    #[must_use]
    pub fn watches(&self) -> bool {
        self.name.starts_with(WATCH)
    }

    /// Whether the environment has the stack.
    #[must_use]
    pub fn is_in(&self, environment: &Environment) -> bool {
        self.environments.is_empty() || self.environments.iter().any(|name| name == environment.name())
    }

    /// Returns the name of the stack in the environment.
    #[must_use]
    pub fn name_in(&self, settings: &Settings) -> String {
        let prefix = settings.prefix();
        if self.name == MAIN { prefix } else { format!("{prefix}-{}", self.name) }
    }
}

/// Parses the list of stacks, in the order of their deployment.
///
/// # Errors
/// If the list is wrong, or two stacks have one name.
pub fn parse(text: &str) -> Result<Vec<Stack>> {
    let List { stack: stacks } = toml::from_str(text)?;
    for (nth, stack) in stacks.iter().enumerate() {
        ensure!(
            stacks[..nth].iter().all(|other| other.name != stack.name),
            "deploy/stacks.toml lists {} twice",
            stack.name
        );
    }
    Ok(stacks)
}

/// Returns the stacks of `list` that the environment has, in the region of the settings.
#[must_use]
pub fn of(list: &[Stack], settings: &Settings) -> Vec<Stack> {
    let in_environment = list.iter().filter(|stack| stack.is_in(&settings.environment)).cloned();
    match settings.standby {
        Standby::Never => in_environment.collect(),
        standby => in_environment
            .filter(|stack| stack.standby == Standby::Always || stack.standby == standby)
            .map(|stack| Stack { region: None, ..stack })
            .collect(),
    }
}

/// Reads the list of stacks and the text of each template from the repository at `root`.
///
/// # Errors
/// If a file is missing or wrong.
pub fn read(root: &Path) -> Result<(Vec<Stack>, BTreeMap<String, String>)> {
    let text = |path: &str| {
        std::fs::read_to_string(root.join(path))
            .map_err(|error| anyhow::anyhow!("{path} cannot be read: {error}"))
    };
    let stacks = parse(&text("deploy/stacks.toml")?)?;
    let templates = stacks.iter().map(|stack| Ok((stack.template.clone(), text(&stack.template)?)));
    let templates = templates.collect::<Result<_>>()?;
    Ok((stacks, templates))
}
