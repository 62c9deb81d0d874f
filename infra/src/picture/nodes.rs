//! The nodes of the pictures.

use anyhow::{Result, ensure};
use door::route::Need;
use serde_yaml_ng::Value as Yaml;

/// The distribution.
pub(super) const EDGE: &str = "cdn";
/// The function that writes the catalogue.
pub(super) const WRITER: &str = "SyncPokeapi";

/// The type of the tables.
pub(super) const TABLE: &str = "AWS::DynamoDB::GlobalTable";

/// Returns the node that a need leads to: mostly the logical id of a resource of `infra/data.yaml`.
fn target(need: Need) -> Option<&'static str> {
    match need {
        Need::SigningKeys => Some("SigningKeys"),
        Need::Writer => Some(WRITER),
        Need::Exports | Need::ExportDeletion => Some("ExportsBucket"),
        Need::AssetStorage | Need::AssetDeletion => Some("AssetsBucket"),
        Need::Verification => Some("OriginVerify"),
        Need::Notices => Some("Notices"),
        Need::ProbeAccount => Some("ProbeAccount"),
        Need::Invalidation => Some(EDGE),
        Need::LittleMemory | Need::WholeProcessor => None,
    }
}

/// Returns the nodes that these needs lead to, each once.
pub(super) fn targets(needs: &[Need]) -> Vec<&'static str> {
    let mut nodes: Vec<_> = needs.iter().filter_map(|need| target(*need)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

/// Checks that `infra/data.yaml` has the resources that needs lead to.
///
/// # Errors
/// If it lacks one of them.
pub(super) fn check(data: &Yaml) -> Result<()> {
    for node in targets(&Need::ALL) {
        let is_known = node == EDGE || node == WRITER || data["Resources"].get(node).is_some();
        ensure!(is_known, "there is no resource {node}");
    }
    Ok(())
}

/// Returns the logical ids of the resources of this type.
pub(super) fn ids(template: &Yaml, kind: &str) -> Vec<String> {
    let resources = template.get("Resources").and_then(Yaml::as_mapping);
    let all = resources.into_iter().flat_map(|resources| resources.iter());
    let of_kind = all.filter(|(_, resource)| resource.get("Type").and_then(Yaml::as_str) == Some(kind));
    of_kind.filter_map(|(id, _)| Some(id.as_str()?.to_owned())).collect()
}
