//! The addresses of an environment, and the proof that it works at them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};

use crate::{apply, cloud::Cloud, origin, progress::Progress, settings::Settings, smoke, stacks::EDGE};

/// The output of the stack with the HTTP API that holds its address.
const API_URL: &str = "ApiUrl";
/// The output of the stack with the distribution that holds its address.
const EDGE_URL: &str = "EdgeUrl";

/// The addresses of an environment, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// That of the HTTP API, which functions behind an edge refuse to serve at.
    pub api: String,
    /// That of the distribution, if the environment has one.
    pub edge: Option<String>,
}

impl Address {
    /// Returns the addresses among the outputs of the stacks.
    ///
    /// # Errors
    /// If there is no API.
    pub fn of(outputs: &BTreeMap<String, String>) -> Result<Self> {
        let api = outputs.get(API_URL).with_context(|| format!("no stack has the output {API_URL}"))?;
        Ok(Self { api: api.clone(), edge: outputs.get(EDGE_URL).cloned() })
    }

    /// Reads the addresses of an environment.
    ///
    /// # Errors
    /// If the environment is not deployed.
    pub async fn read(cloud: &Cloud, settings: &Settings) -> Result<Self> {
        Self::of(&Self::outputs(cloud, settings).await?)
    }

    /// Reads the outputs of the stacks with the API, the data and the distribution.
    ///
    /// # Errors
    /// If the environment is not deployed.
    pub async fn outputs(cloud: &Cloud, settings: &Settings) -> Result<BTreeMap<String, String>> {
        let name = settings.prefix();
        let main =
            apply::find(cloud, &name).await?.with_context(|| format!("the stack {name} does not exist"))?;
        let mut outputs = apply::outputs(&main);
        for stack in [settings.data_stack(), format!("{name}-{EDGE}")] {
            let found = apply::find(cloud, &stack).await?;
            outputs.extend(found.iter().flat_map(apply::outputs));
        }
        Ok(outputs)
    }

    /// Returns the address for clients.
    #[must_use]
    pub fn public(&self) -> &str {
        self.edge.as_deref().unwrap_or(&self.api)
    }

    /// Returns the target of a smoke test of the API itself: behind the edge, stored responses could hide a function that fails.
    ///
    /// # Errors
    /// If the secret of the edge cannot be read.
    pub async fn target(&self, cloud: &Cloud, settings: &Settings) -> Result<smoke::Target> {
        let origin_verify = match self.edge {
            Some(_) => origin::read(cloud, settings).await?.map(|values| values.current.value),
            None => None,
        };
        Ok(smoke::Target {
            url: self.api.clone(),
            origin_verify,
            behind: None,
            has_pages: false,
            expects_sync: false,
            release: None,
        })
    }
}

/// Tests the API, and then everything at the address of the edge.
///
/// # Errors
/// If a check fails.
pub async fn prove(address: &Address, target: smoke::Target, progress: Progress) -> Result<()> {
    let edge = address.edge.clone().map(|url| smoke::Target {
        url,
        origin_verify: None,
        behind: Some(address.api.clone()),
        has_pages: true,
        ..target.clone()
    });
    for target in [Some(target), edge].into_iter().flatten() {
        let report = smoke::run(&target, false).await?;
        progress.say(&report.summary());
        if report.failed() > 0 {
            bail!("the smoke test failed: {}", report.failures().join("; "));
        }
    }
    Ok(())
}
