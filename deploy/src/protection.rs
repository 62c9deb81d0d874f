//! The protection of a stack that holds data.

use anyhow::{Context as _, Result};

use crate::cloud::{Cloud, aws};

/// No update may replace or delete a resource, also none that is made in the console.
const POLICY: &str = r#"{"Statement": [
  {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
  {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": "*"}
]}"#;

/// The policy while a restore replaces a table.
const OPEN: &str =
    r#"{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}"#;

/// Permits the replacement of resources, until [`protect`] is called again: every deployment does so.
///
/// # Errors
/// If CloudFormation rejects it.
pub async fn permit_changes(cloud: &Cloud, name: &str) -> Result<()> {
    let policy = cloud.stacks.set_stack_policy().stack_name(name).stack_policy_body(OPEN);
    policy.send().await.map_err(aws).with_context(|| format!("{name} keeps its stack policy"))?;
    Ok(())
}

/// Protects the stack against deletion, and its resources against replacement. Repeating it changes nothing.
///
/// # Errors
/// If CloudFormation rejects it.
pub async fn protect(cloud: &Cloud, name: &str) -> Result<()> {
    let protection = cloud.stacks.update_termination_protection().stack_name(name);
    protection
        .enable_termination_protection(true)
        .send()
        .await
        .map_err(aws)
        .with_context(|| format!("{name} cannot be protected against deletion"))?;
    let policy = cloud.stacks.set_stack_policy().stack_name(name).stack_policy_body(POLICY);
    policy.send().await.map_err(aws).with_context(|| format!("{name} cannot have a stack policy"))?;
    Ok(())
}
