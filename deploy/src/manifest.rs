//! The manifest of a release in an environment: what was deployed, and how to get back.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    cloud::Cloud,
    migration::Serves,
    stacks::{MAIN, Stack},
    store,
};

/// The state of a release in an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The release has started to replace another.
    Started,
    /// The release serves all traffic, and the smoke test has passed.
    Live,
    /// The deployment failed, and what it had moved was moved back.
    Failed,
    /// The aliases were moved away from the release.
    RolledBack,
}

/// The manifest of a release in an environment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub environment: String,
    /// The name of the release, which follows from its content.
    pub release: String,
    pub state: State,
    /// The time at which the deployment started.
    pub started: String,
    /// The reason for a deployment outside of the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overridden: Option<String>,
    /// The stacks that were deployed; all if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Whether the deployment changed nothing but the value of `X-Origin-Verify`.
    #[serde(default)]
    pub rotation: bool,
    /// The commit of the sources.
    pub commit: String,
    /// The name of the bundle in the bucket of artifacts.
    pub bundle: String,
    /// The value of `assets` in /config.json: where the web app finds mirrored pictures, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assets: Option<String>,
    pub stacks: Vec<Stack>,
    /// The versions of stored accounts that the release can serve with.
    pub serves: Serves,
    /// The version of each function that served before, by the name of the function.
    pub before: BTreeMap<String, String>,
    /// The version of each function that serves now.
    pub versions: BTreeMap<String, String>,
    /// The name of the table of the accounts; earlier manifests have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<String>,
    /// Sentences about failures and returns.
    pub notes: Vec<String>,
}

impl Manifest {
    /// Returns the name of the manifest's file. Names sort by time.
    #[must_use]
    pub fn key(&self) -> String {
        format!("releases/{}/{}-{}.json", self.environment, self.started.replace(':', ""), self.release)
    }

    /// Returns the release that the API names; `None` if the deployment left out the stack with the API.
    #[must_use]
    pub fn release_of_api(&self) -> Option<String> {
        let is_served = self.only.is_empty() || self.only.iter().any(|stack| stack == MAIN);
        is_served.then(|| self.release.clone())
    }

    /// Stores the manifest.
    ///
    /// # Errors
    /// If S3 does not accept it.
    pub async fn put(&self, cloud: &Cloud) -> Result<()> {
        store::put_json(cloud, &self.key(), self).await
    }
}

/// Returns the manifests of an environment, the latest first.
///
/// # Errors
/// If S3 does not answer, or a manifest is not readable.
pub async fn of(cloud: &Cloud, environment: &str, most: usize) -> Result<Vec<Manifest>> {
    let keys = store::list(cloud, &format!("releases/{environment}/")).await?;
    let mut manifests = Vec::new();
    for key in keys.iter().rev().take(most) {
        manifests.extend(store::get_json(cloud, key).await?);
    }
    Ok(manifests)
}

/// Returns the current time as manifests name it.
#[must_use]
pub fn timestamp() -> String {
    let now = OffsetDateTime::now_utc();
    let seconds = now.replace_nanosecond(now.nanosecond() / 1_000_000 * 1_000_000).unwrap_or(now);
    seconds.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
pub mod samples {
    use super::*;

    /// The manifest of a release of prod, with one function.
    pub fn manifest(release: &str, state: State) -> Manifest {
        let versions: BTreeMap<_, _> = [("function".to_owned(), "1".to_owned())].into();
        Manifest {
            environment: "prod".to_owned(),
            release: release.to_owned(),
            state,
            started: "2026-11-26T08:00:00Z".to_owned(),
            overridden: None,
            only: Vec::new(),
            rotation: false,
            commit: "commit".to_owned(),
            bundle: "bundles/1.json".to_owned(),
            assets: None,
            stacks: Vec::new(),
            serves: Serves(2, 3),
            before: versions.clone(),
            versions,
            accounts: None,
            notes: Vec::new(),
        }
    }
}
