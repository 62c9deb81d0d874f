//! The template of a stack of a release as CloudFormation receives it.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{
    apply::Wanted, bundle::Bundle, cloud::Cloud, deployer::Deployer, preflight, settings::Settings,
    stacks::Stack, template,
};

/// Everything that the template of a stack follows from.
#[derive(Clone, Copy)]
pub struct Composer<'a> {
    pub root: &'a Path,
    pub settings: &'a Settings,
    pub bundle: &'a Bundle,
    /// The rights with which CloudFormation makes the changes; the caller's if absent.
    pub deployer: Option<&'a Deployer>,
}

impl Composer<'_> {
    /// Returns the expanded template of `stack` in the release of this name. `cloud` is that of the environment's region.
    ///
    /// # Errors
    /// If the bundle has no such template, or SAM rejects it.
    pub async fn template(&self, cloud: &Cloud, stack: &Stack, release: &str) -> Result<Value> {
        let Self { root, settings, bundle, deployer } = self;
        let text = bundle.templates.get(&stack.template);
        let text = text.with_context(|| format!("the release has no template {}", stack.template))?;
        let text = template::released(text, release, &cloud.artifacts(), &bundle.program);
        let mut template = template::expand(root, &settings.region, &text, &settings.parameters).await?;
        if !settings.environment.is_stable() {
            template::disposable(&mut template);
        }
        if let Some(deployer) = deployer {
            deployer.bound(&mut template);
        }
        Ok(template)
    }

    /// Stores a template of `stack`, and returns the stack to deploy.
    ///
    /// # Errors
    /// If S3 does not accept it.
    pub async fn wanted(
        &self,
        cloud: &Cloud,
        stack: &Stack,
        template: &Value,
        parameters: BTreeMap<String, String>,
    ) -> Result<Wanted> {
        let settings = self.settings;
        Ok(Wanted {
            name: stack.name_in(settings),
            environment: settings.environment.name().to_owned(),
            template_url: preflight::store_template(cloud, &serde_json::to_string(template)?).await?,
            parameters,
            tags: settings.tags.clone(),
            expendable: Vec::new(),
            imports: Vec::new(),
            service_role: self.deployer.map(|deployer| deployer.service_role.clone()),
        })
    }
}
