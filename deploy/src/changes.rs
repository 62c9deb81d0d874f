//! The changes of a change set: a summary to read, and the ones that a deployment refuses.

use std::fmt;

use aws_sdk_cloudformation::types::{Change, ChangeAction, Replacement};

/// Types whose resources hold data, or an address that others know. Replacing one loses it.
pub(crate) const STATEFUL: [&str; 8] = [
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
    "AWS::KMS::Key",
    "AWS::Backup::BackupVault",
    "AWS::ApiGatewayV2::Api",
    "AWS::CloudFront::Distribution",
];

/// The action on a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Add,
    Modify,
    /// Another resource takes its place, or may do so: CloudFormation decides that while it runs.
    Replace,
    Remove,
}

/// The change of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Changed {
    pub action: Action,
    pub id: String,
    pub kind: String,
}

/// The changes of a change set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(Vec<Changed>);

impl Changes {
    /// Reads the changes of a change set.
    #[must_use]
    pub fn of(changes: &[Change]) -> Self {
        let one = |change: &Change| {
            let change = change.resource_change.as_ref()?;
            let action = match (change.action.as_ref()?, change.replacement.as_ref()) {
                (ChangeAction::Add | ChangeAction::Import, _) => Action::Add,
                (ChangeAction::Remove, _) => Action::Remove,
                (ChangeAction::Modify, None | Some(Replacement::False)) => Action::Modify,
                _ => Action::Replace,
            };
            let id = change.logical_resource_id.clone().unwrap_or_default();
            Some(Changed { action, id, kind: change.resource_type.clone().unwrap_or_default() })
        };
        let mut changes: Vec<_> = changes.iter().filter_map(one).collect();
        changes.sort_unstable();
        Self(changes)
    }

    /// Returns the stateful resources that would be replaced or removed.
    pub fn losses(&self) -> impl Iterator<Item = &Changed> {
        self.0
            .iter()
            .filter(|changed| changed.action >= Action::Replace && STATEFUL.contains(&changed.kind.as_str()))
    }
}

/// One line for each action: the number, and the resources of each type. Versions of functions are left out: each release has new ones.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (action, word) in [
            (Action::Add, "add"),
            (Action::Modify, "modify"),
            (Action::Replace, "replace"),
            (Action::Remove, "remove"),
        ] {
            let of_action: Vec<_> = self.0.iter().filter(|changed| changed.action == action).collect();
            if of_action.is_empty() {
                continue;
            }
            write!(f, "  {word:<8}{:>4}", of_action.len())?;
            let mut kinds: Vec<_> = of_action.iter().map(|changed| changed.kind.as_str()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            for kind in kinds {
                let ids: Vec<_> = of_action
                    .iter()
                    .filter(|changed| changed.kind == kind)
                    .map(|changed| changed.id.as_str())
                    .collect();
                let short = kind.trim_start_matches("AWS::").replace("::", " ");
                match ids[..] {
                    [one] => write!(f, "; {short} {one}")?,
                    [one, two] => write!(f, "; {short} {one}, {two}")?,
                    _ => write!(f, "; {} × {short}", ids.len())?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::ResourceChange;

    use super::*;

    fn change(action: ChangeAction, replacement: Option<Replacement>, id: &str, kind: &str) -> Change {
        let resource = ResourceChange::builder()
            .action(action)
            .set_replacement(replacement)
            .logical_resource_id(id)
            .resource_type(kind)
            .build();
        Change::builder().resource_change(resource).build()
    }

    #[test]
    fn a_table_that_is_replaced_or_removed_is_a_loss() {
        let table = "AWS::DynamoDB::GlobalTable";
        let changes = Changes::of(&[
            change(ChangeAction::Modify, Some(Replacement::False), "Catalog", table),
            change(ChangeAction::Modify, Some(Replacement::True), "App", table),
            change(ChangeAction::Modify, Some(Replacement::Conditional), "Audit", table),
            change(ChangeAction::Remove, None, "Ephemeral", table),
            change(ChangeAction::Modify, Some(Replacement::True), "Version", "AWS::Lambda::Version"),
        ]);
        let losses: Vec<_> = changes.losses().map(|changed| changed.id.as_str()).collect();
        assert_eq!(losses, ["App", "Audit", "Ephemeral"]);
    }

    #[test]
    fn the_summary_counts_resources_and_names_few() {
        let function = "AWS::Lambda::Function";
        let mut changes = vec![change(ChangeAction::Add, None, "New", "AWS::SQS::Queue")];
        changes.extend(
            ["A", "B", "C"].map(|id| change(ChangeAction::Modify, Some(Replacement::False), id, function)),
        );
        let summary = Changes::of(&changes).to_string();
        assert_eq!(summary, "  add        1; SQS Queue New\n  modify     3; 3 × Lambda Function\n");
    }
}
