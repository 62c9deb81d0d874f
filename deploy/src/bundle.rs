//! A bundle: everything that a release consists of, independent of the environment. It is built once, and promoted from one environment
//! to the next.

use std::{collections::BTreeMap, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    cloud::Cloud,
    migration::Serves,
    program::{Packed, hash},
    settings::Settings,
    stacks::{self, Stack},
    store,
};

/// The content of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// The commit of the sources; with `+` if files differed from it.
    pub commit: String,
    /// The name of the program's archive in the bucket of artifacts.
    pub program: String,
    pub architecture: String,
    pub stacks: Vec<Stack>,
    /// The versions of stored accounts that the program can serve with.
    pub serves: Serves,
    /// The texts of the templates by path.
    pub templates: BTreeMap<String, String>,
    /// The texts of the web app's files by path.
    #[serde(default)]
    pub web: BTreeMap<String, String>,
}

impl Bundle {
    /// Bundles the repository at `root` with `program`.
    ///
    /// # Errors
    /// If a template is missing.
    pub fn of(root: &Path, program: &Packed, architecture: &str) -> Result<Self> {
        let (stacks, templates) = stacks::read(root)?;
        Ok(Self {
            commit: commit(root),
            program: program.key.clone(),
            architecture: architecture.to_owned(),
            stacks,
            serves: Serves::here(),
            templates,
            web: local::page::files(),
        })
    }

    /// Whether the environment has a distribution in front of its API.
    #[must_use]
    pub fn has_edge(&self, settings: &Settings) -> bool {
        // The edge is in front of both regions.
        self.stacks
            .iter()
            .filter(|stack| stack.is_in(&settings.environment))
            .any(|stack| stack.name == stacks::EDGE)
    }

    /// Returns the name of the release of this bundle with `settings`: equal content and equal parameters have the same name.
    ///
    /// # Errors
    /// If the bundle was built for another processor.
    pub fn release(&self, settings: &Settings) -> Result<String> {
        ensure!(
            self.architecture == settings.own.architecture,
            "the program was built for {}, and {} has {}",
            self.architecture,
            settings.environment,
            settings.own.architecture
        );
        let content = serde_json::to_vec(&(
            &self.program,
            &self.stacks,
            &self.templates,
            &self.web,
            &settings.parameters,
            &settings.tags,
        ))?;
        Ok(hash(&content)[..16].to_owned())
    }
}

impl Bundle {
    /// Stores the bundle under a name that follows from its content; returns the name.
    ///
    /// # Errors
    /// If S3 does not accept it.
    pub async fn put(&self, cloud: &Cloud) -> Result<String> {
        let key = format!("bundles/{}.json", hash(&serde_json::to_vec(self)?));
        if !store::has(cloud, &key).await? {
            store::put_json(cloud, &key, self).await?;
        }
        Ok(key)
    }

    /// Reads the bundle of this name.
    ///
    /// # Errors
    /// If it does not exist or cannot be read.
    pub async fn get(cloud: &Cloud, key: &str) -> Result<Self> {
        store::get_json(cloud, key).await?.with_context(|| format!("{key} is not in the bucket of artifacts"))
    }
}

/// Uploads `program` unless the bucket has it already; returns whether it was uploaded.
///
/// # Errors
/// If S3 does not accept it.
pub async fn upload(cloud: &Cloud, program: Packed) -> Result<bool> {
    if store::has(cloud, &program.key).await? {
        return Ok(false);
    }
    store::put(cloud, &program.key, program.archive).await?;
    Ok(true)
}

/// Copies a program to the bucket of another region, unless that has it already.
///
/// # Errors
/// If S3 does not answer or accept it.
pub async fn transfer(from: &Cloud, to: &Cloud, key: &str) -> Result<()> {
    if !store::has(to, key).await? {
        let program = store::get(from, key).await?.with_context(|| format!("{key} does not exist"))?;
        store::put(to, key, program).await?;
    }
    Ok(())
}

fn commit(root: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "unknown".to_owned() };
    let changed = git(&["status", "--porcelain"]).is_none_or(|status| !status.is_empty());
    if changed { format!("{commit}+") } else { commit }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")), "staging").expect("settings")
    }

    fn bundle() -> Bundle {
        Bundle {
            commit: "abc".to_owned(),
            program: "programs/1.zip".to_owned(),
            architecture: settings().own.architecture,
            stacks: Vec::new(),
            serves: Serves(2, 3),
            templates: [("template.yaml".to_owned(), "Resources: {}".to_owned())].into(),
            web: [("index.html".to_owned(), "a page".to_owned())].into(),
        }
    }

    /// A value that did not change the name would reach no function.
    #[test]
    fn every_value_of_a_release_changes_its_name() {
        let (bundle, settings) = (bundle(), settings());
        let name = bundle.release(&settings).expect("a name");
        let mut other = settings.clone();
        other.parameters.insert("LogLevel".to_owned(), "trace".to_owned());
        assert_ne!(bundle.release(&other).expect("a name"), name, "a parameter");
        let mut other = settings.clone();
        other.tags.insert("owner".to_owned(), "somebody".to_owned());
        assert_ne!(bundle.release(&other).expect("a name"), name, "a tag");
        let mut other = bundle.clone();
        other.templates.insert("template.yaml".to_owned(), "Resources: {A: {}}".to_owned());
        assert_ne!(other.release(&settings).expect("a name"), name, "a template");
        let mut other = bundle.clone();
        other.web.insert("index.html".to_owned(), "another page".to_owned());
        assert_ne!(other.release(&settings).expect("a name"), name, "a page");
        let mut other = bundle.clone();
        "programs/2.zip".clone_into(&mut other.program);
        assert_ne!(other.release(&settings).expect("a name"), name, "a program");
        let mut other = bundle.clone();
        "def".clone_into(&mut other.commit);
        assert_eq!(other.release(&settings).expect("a name"), name, "a commit that changes nothing");
        let mut other = bundle;
        "mips".clone_into(&mut other.architecture);
        assert!(other.release(&settings).is_err(), "another processor");
    }
}
