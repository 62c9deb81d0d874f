//! CodeDeploy's deployments, as the function that verifies a release sees them.

use aws_sdk_codedeploy::{
    Client,
    types::{LifecycleEventStatus, RevisionLocation},
};
use serde::Deserialize;
use std::collections::HashMap;

use crate::{aws, store::chain};

/// A new version of a function, which a deployment moves traffic to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    /// The name of the function.
    pub function: String,
    pub version: String,
}

/// The reasons why a deployment cannot be read or answered.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentError {
    #[error("CodeDeploy cannot be asked: {0}")]
    Unreachable(String),
    #[error("the deployment {0} names no new version of a function: {1}")]
    Unreadable(String, String),
}

/// The deployments of this account and region.
#[derive(Clone, Debug)]
pub struct Deployments(Client);

/// What a deployment of functions does, in the notation of CodeDeploy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AppSpec {
    resources: Vec<HashMap<String, Resource>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    name: String,
    target_version: String,
}

impl Deployments {
    /// Returns those that the environment's credentials give access to.
    #[must_use]
    pub fn from_environment() -> Self {
        Self(aws::codedeploy_from_environment())
    }

    /// Returns the version that the deployment `id` moves traffic to.
    ///
    /// # Errors
    /// [`DeploymentError`].
    pub async fn new_version(&self, id: &str) -> Result<NewVersion, DeploymentError> {
        let answer = self.0.get_deployment().deployment_id(id).send().await;
        let answer = answer.map_err(|error| DeploymentError::Unreachable(chain(&error)))?;
        let revision = answer.deployment_info.and_then(|deployment| deployment.revision);
        let content = revision.and_then(content).unwrap_or_default();
        new_version(&content).map_err(|reason| DeploymentError::Unreadable(id.to_owned(), reason))
    }

    /// Reports the result of a hook to the deployment, which continues if it `succeeded` and is rolled back otherwise.
    ///
    /// # Errors
    /// [`DeploymentError::Unreachable`].
    pub async fn report(&self, id: &str, execution: &str, succeeded: bool) -> Result<(), DeploymentError> {
        let status = if succeeded { LifecycleEventStatus::Succeeded } else { LifecycleEventStatus::Failed };
        self.0
            .put_lifecycle_event_hook_execution_status()
            .deployment_id(id)
            .lifecycle_event_hook_execution_id(execution)
            .status(status)
            .send()
            .await
            .map_err(|error| DeploymentError::Unreachable(chain(&error)))?;
        Ok(())
    }
}

/// CloudFormation passes the text in one field, and other clients in another.
#[expect(deprecated, reason = "older deployments have the text in this field")]
fn content(revision: RevisionLocation) -> Option<String> {
    let text = revision.string.and_then(|text| text.content);
    text.or_else(|| revision.app_spec_content.and_then(|text| text.content))
}

fn new_version(content: &str) -> Result<NewVersion, String> {
    let spec: AppSpec = serde_json::from_str(content).map_err(|error| error.to_string())?;
    let mut resources = spec.resources.into_iter().flat_map(HashMap::into_values);
    match (resources.next(), resources.next()) {
        (Some(Resource { properties: Properties { name, target_version } }), None) => {
            Ok(NewVersion { function: name, version: target_version })
        }
        _ => Err("it must contain one function".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = r#"{"version": 0.0, "Resources": [{"GetMove": {"Type": "AWS::Lambda::Function", "Properties":
        {"Name": "pokedex-prod-get-move", "Alias": "live", "CurrentVersion": "3", "TargetVersion": "4"}}}],
        "Hooks": [{"BeforeAllowTraffic": "pokedex-prod-verify-release"}]}"#;

    #[test]
    fn the_new_version_of_a_deployment_is_read() {
        let expected = NewVersion { function: "pokedex-prod-get-move".to_owned(), version: "4".to_owned() };
        assert_eq!(new_version(SPEC), Ok(expected));
    }

    #[test]
    fn a_deployment_of_no_function_or_of_two_is_refused() {
        for text in ["", "{}", r#"{"Resources": []}"#, r#"{"Resources": [{"A": {"Properties": {}}}]}"#] {
            assert!(new_version(text).is_err(), "{text}");
        }
        let resource = r#""Properties": {"Name": "f", "TargetVersion": "2"}"#;
        let two = format!(r#"{{"Resources": [{{"A": {{{resource}}}}}, {{"B": {{{resource}}}}}]}}"#);
        assert_eq!(new_version(&two).unwrap_err(), "it must contain one function");
    }
}
