//! The rights of a deployment, in an account that has `infra/deployer.yaml`: CloudFormation's role, and the boundary of every role that it
//! creates.

use anyhow::{Context as _, Result};
use door::environment::Environment;
use serde_json::{Value, json};

use crate::{apply, cloud::Cloud};

/// The rights of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployer {
    /// The role with which CloudFormation changes the stacks.
    pub service_role: String,
    /// The policy that bounds every role of the environment.
    pub boundary: String,
}

/// Returns the rights for deployments of `environment`; `None` in an account without that stack, where the caller's own rights apply.
///
/// # Errors
/// If CloudFormation does not answer, or the stack has other outputs.
pub async fn of(cloud: &Cloud, environment: &Environment) -> Result<Option<Deployer>> {
    let stack = stack(environment);
    let Some(found) = apply::find(cloud, &stack).await? else { return Ok(None) };
    let mut outputs = apply::outputs(&found);
    let mut take =
        |name: &str| outputs.remove(name).with_context(|| format!("the stack {stack} has no output {name}"));
    Ok(Some(Deployer { service_role: take("ServiceRoleArn")?, boundary: take("BoundaryArn")? }))
}

/// One stack serves the environments of all branches.
fn stack(environment: &Environment) -> String {
    match environment {
        Environment::Feature(_) => "pokedex-deployer-feature".to_owned(),
        other => format!("pokedex-deployer-{other}"),
    }
}

impl Deployer {
    /// Gives every role of an expanded template the boundary. CloudFormation's role can create no other.
    pub fn bound(&self, template: &mut Value) {
        let resources = template["Resources"].as_object_mut().into_iter();
        for resource in resources.flat_map(serde_json::Map::values_mut) {
            if resource["Type"] == "AWS::IAM::Role" {
                resource["Properties"]["PermissionsBoundary"] = json!(self.boundary);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_environments_of_branches_share_one_stack() {
        let stack_of = |name: &str| stack(&name.parse().expect("an environment"));
        assert_eq!(stack_of("prod"), "pokedex-deployer-prod");
        assert_eq!(stack_of("f-pr12"), "pokedex-deployer-feature");
    }

    #[test]
    fn every_role_has_the_boundary_and_nothing_else_changes() {
        let deployer = Deployer { service_role: "role".to_owned(), boundary: "boundary".to_owned() };
        let mut template = json!({"Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"Path": "/"}},
            "Bare": {"Type": "AWS::IAM::Role"},
            "Queue": {"Type": "AWS::SQS::Queue"},
        }});
        deployer.bound(&mut template);
        let expected = json!({"Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"Path": "/", "PermissionsBoundary": "boundary"}},
            "Bare": {"Type": "AWS::IAM::Role", "Properties": {"PermissionsBoundary": "boundary"}},
            "Queue": {"Type": "AWS::SQS::Queue"},
        }});
        assert_eq!(template, expected);
    }
}
