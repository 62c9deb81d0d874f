//! The protection of a stack that holds data.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{
    changes::STATEFUL,
    cloud::{Cloud, aws},
};

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

/// No update may replace or delete a resource that holds data, also none that is made in the console. Others may be replaced, such
/// as the selection of backups, which CloudFormation cannot change after a restore.
fn policy() -> Value {
    json!({"Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": ["Update:Replace", "Update:Delete"],
            "Principal": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"ResourceType": STATEFUL}},
        },
    ]})
}

/// Protects the stack against deletion, and its resources with data against replacement. Repeating it changes nothing.
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
    let policy = cloud.stacks.set_stack_policy().stack_name(name).stack_policy_body(policy().to_string());
    policy.send().await.map_err(aws).with_context(|| format!("{name} cannot have a stack policy"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CloudFormation replaces the selection of backups after a restore, because the table has another ARN.
    #[test]
    fn the_stack_policy_protects_resources_with_data_and_no_others() {
        let policy = policy();
        let denied = &policy["Statement"][1];
        assert_eq!(denied["Effect"], "Deny");
        let kinds = denied["Condition"]["StringEquals"]["ResourceType"].clone();
        let has = |kind: &str| kinds.as_array().is_some_and(|kinds| kinds.iter().any(|one| one == kind));
        assert!(has("AWS::DynamoDB::GlobalTable") && has("AWS::Backup::BackupVault"), "{kinds}");
        assert!(!has("AWS::Backup::BackupSelection"), "{kinds}");
    }
}
