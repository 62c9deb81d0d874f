//! The settings of an environment: its sections of `samconfig.toml`, and its file in `deploy/`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use door::environment::Environment;
use serde::Deserialize;

use crate::{
    live::{REPLICA_REGION, TABLE_NAME},
    stacks::{DATA, REPLICAS, Standby},
    window::Window,
};

/// The settings of an environment.
#[derive(Clone, Debug)]
pub struct Settings {
    pub environment: Environment,
    pub region: String,
    /// The tags of every stack, which CloudFormation passes on to the resources.
    pub tags: BTreeMap<String, String>,
    /// Values of the templates' parameters. A stack has those that its template declares.
    pub parameters: BTreeMap<String, String>,
    pub own: Own,
    /// The second region of the environment: never, prepared to serve reads, or the only one that serves.
    pub standby: Standby,
}

/// The file of an environment in `deploy/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    /// The processor that the program is built for: `arm64` or `x86_64`.
    pub architecture: String,
    /// The times at which the environment may be deployed; always if absent.
    pub window: Option<Window>,
    /// The days after which the environment is deleted.
    pub expires_after_days: Option<u32>,
}

/// The name of the sections and of the file for all environments of branches.
const FEATURE: &str = "feature";
/// The word in these sections that stands for the name of the environment.
const PLACEHOLDER: &str = "NAME";

/// Returns the stack with whose name `environment` ends: the main stack of this environment would be that stack of another one.
fn shared_stack(root: &Path, environment: &str) -> Result<Option<String>> {
    let list: toml::Table = parsed(&root.join("deploy/stacks.toml"))?;
    let stacks = list.get("stack").and_then(toml::Value::as_array).into_iter().flatten();
    let mut names = stacks.filter_map(|stack| stack.get("name")?.as_str());
    Ok(names.find(|stack| environment.ends_with(&format!("-{stack}"))).map(str::to_owned))
}

impl Settings {
    /// Reads the settings of the environment `name` from the repository at `root`.
    ///
    /// # Errors
    /// If there is no such environment, or a file is missing or wrong; the error names it.
    pub fn read(root: &Path, name: &str) -> Result<Self> {
        let environment = match name.parse() {
            Ok(Environment::Local) => bail!("{name:?} is this machine: `cargo run` serves it"),
            Ok(environment) => environment,
            Err(error) => bail!("the environment {error}"),
        };
        if let Some(stack) = shared_stack(root, name)? {
            bail!(
                "the environment {name:?} would share the stack pokedex-{name} with another one: no name may end in -{stack}"
            );
        }
        let section = if matches!(environment, Environment::Feature(_)) { FEATURE } else { name };
        let samconfig: toml::Table = parsed(&root.join("samconfig.toml"))?;
        let value = |command: &str, key: &str| {
            let found =
                samconfig.get(section).and_then(|section| section.get(command)?.get("parameters")?.get(key));
            found.with_context(|| format!("samconfig.toml has no {key} in [{section}.{command}.parameters]"))
        };
        let named = |text: &str| text.replace(PLACEHOLDER, name);
        let region = value("global", "region")?.as_str().context("samconfig.toml: region is not a text")?;
        let stack = value("global", "stack_name")?.as_str().unwrap_or_default();
        ensure!(
            named(stack) == format!("pokedex-{name}"),
            "samconfig.toml: the stack_name of [{section}] is {stack:?}, which is not the name of this environment's stack"
        );
        let tags = pairs(value("deploy", "tags")?, "tags")?;
        let parameters = pairs(value("deploy", "parameter_overrides")?, "parameter_overrides")?;
        let own: Own = parsed(&root.join(format!("deploy/{section}.toml")))?;
        ensure!(
            ["arm64", "x86_64"].contains(&own.architecture.as_str()),
            "deploy/{section}.toml: architecture is {:?}, not arm64 or x86_64",
            own.architecture
        );
        let mut settings = Self {
            environment,
            region: region.to_owned(),
            tags: tags.into_iter().map(|(tag, value)| (tag, named(&value))).collect(),
            parameters,
            own,
            standby: Standby::Never,
        };
        settings.add_names()?;
        Ok(settings)
    }

    /// Adds the parameters that follow from the name of the environment.
    fn add_names(&mut self) -> Result<()> {
        let name = self.environment.name().to_owned();
        let derived = [
            ("Environment", name.clone()),
            ("Architecture", self.own.architecture.clone()),
            ("CatalogTableName", format!("pokedex-{name}-catalog")),
            ("AppTableName", format!("pokedex-{name}-app")),
            ("EphemeralTableName", format!("pokedex-{name}-ephemeral")),
            ("AuditTableName", format!("pokedex-{name}-audit")),
            ("SigningKeysName", format!("pokedex-{name}-signing-keys")),
            ("OriginVerifyName", format!("pokedex-{name}-origin-verify")),
        ];
        for (parameter, value) in derived {
            let is_fixed = parameter == "Environment" || parameter == "Architecture";
            ensure!(
                !(is_fixed || parameter.ends_with(TABLE_NAME)) || !self.parameters.contains_key(parameter),
                "samconfig.toml: {parameter} follows from the name of the environment and deploy/, and cannot be set"
            );
            self.parameters.entry(parameter.to_owned()).or_insert(value);
        }
        Ok(())
    }

    /// Returns the settings of the second region of the environment. Once that is active, it also runs the jobs.
    ///
    /// # Errors
    /// If the environment has no second region.
    pub fn in_standby(mut self, is_active: bool) -> Result<Self> {
        let region = self.parameters.remove(REPLICA_REGION).filter(|region| !region.is_empty());
        self.region = region.with_context(|| {
            format!("{} has no second region: samconfig.toml sets no {REPLICA_REGION}", self.environment)
        })?;
        self.standby = if is_active { Standby::Active } else { Standby::Always };
        // Requests reach it only while the first region does not answer.
        self.parameters.insert("TrafficShift".to_owned(), "CodeDeployDefault.LambdaAllAtOnce".to_owned());
        Ok(self)
    }

    /// Returns the stack that has the names of the tables.
    #[must_use]
    pub fn data_stack(&self) -> String {
        let stack = if self.standby == Standby::Never { DATA } else { REPLICAS };
        format!("{}-{stack}", self.prefix())
    }

    /// Returns the start of the names of everything in the environment.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("pokedex-{}", self.environment)
    }
}

fn parsed<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let file = path.file_name().unwrap_or_default().display();
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{file} is wrong"))
}

/// Parses a list of `NAME=VALUE`.
fn pairs(list: &toml::Value, what: &str) -> Result<BTreeMap<String, String>> {
    let items = list.as_array().with_context(|| format!("samconfig.toml: {what} is not a list"))?;
    let pair = |item: &toml::Value| {
        let pair = item.as_str().and_then(|text| text.split_once('='));
        let (name, value) =
            pair.with_context(|| format!("samconfig.toml: {what} contains {item:?}, not NAME=VALUE"))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    items.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_region_has_its_own_data_stack_and_the_jobs_only_once_it_is_active() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let read = |name: &str| Settings::read(root, name).expect("settings");
        let (list, _) = crate::stacks::read(root).expect("stacks");
        let names = |settings: &Settings| -> Vec<String> {
            crate::stacks::of(&list, settings).into_iter().map(|stack| stack.name).collect()
        };
        let prepared = read("prod").in_standby(false).expect("a region");
        assert_eq!(names(&prepared), ["dr", "release", "functions", "admin"]);
        assert!(crate::stacks::of(&list, &prepared).iter().all(|stack| stack.region.is_none()));
        assert_ne!(prepared.region, read("prod").region);
        assert_eq!(prepared.data_stack(), "pokedex-prod-dr");
        let active = read("prod").in_standby(true).expect("a region");
        assert_eq!(names(&active), ["dr", "release", "functions", "admin", "jobs"]);
        assert!(names(&read("prod")).contains(&"data".to_owned()));
        assert_eq!(read("prod").data_stack(), "pokedex-prod-data");
        let refused = read("staging").in_standby(false).expect_err("no region").to_string();
        assert!(refused.contains("staging has no second region"), "{refused}");
    }

    #[test]
    fn an_environment_cannot_have_the_name_of_another_ones_stack() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        assert!(Settings::read(root, "f-database").is_ok());
        for name in ["f-x-data", "f-x-jobs"] {
            let refused = Settings::read(root, name).unwrap_err().to_string();
            assert!(refused.contains("would share the stack") && refused.contains(name), "{refused}");
        }
    }
}
