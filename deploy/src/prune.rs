//! The removal of old versions of functions: all versions of a region share 75 GB of storage.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use crate::{
    aliases,
    cloud::{Cloud, aws},
    manifest::{self, Manifest, State},
    progress::Progress,
    settings::Settings,
    stacks::Stack,
};

/// Deletes the versions of every function but those of the last `keep` releases that were live, those of a deployment that has not ended,
/// and those that serve. Returns the number of deleted
/// versions. Running it again deletes no more.
///
/// # Errors
/// If Lambda rejects a deletion.
pub async fn prune(
    cloud: &Cloud,
    settings: &Settings,
    stacks: &[Stack],
    keep: usize,
    dry_run: bool,
    progress: Progress,
) -> Result<usize> {
    let manifests = manifest::of(cloud, settings.environment.name(), 200).await?;
    let kept = kept(&manifests, keep);
    let mut deleted = 0;
    for stack in stacks.iter().filter(|stack| !stack.protected) {
        for (function, serving) in aliases::of_stack(cloud, &stack.name_in(settings)).await? {
            let mut wanted: BTreeSet<&str> = kept
                .iter()
                .filter_map(|manifest| manifest.versions.get(&function))
                .map(String::as_str)
                .collect();
            wanted.insert(&serving);
            for version in versions(cloud, &function).await? {
                if wanted.contains(version.as_str()) {
                    continue;
                }
                if !dry_run {
                    let deletion =
                        cloud.functions.delete_function().function_name(&function).qualifier(&version);
                    let context = || format!("version {version} of {function} cannot be deleted");
                    deletion.send().await.map_err(aws).with_context(context)?;
                }
                deleted += 1;
            }
        }
    }
    let done = if dry_run { "would be deleted" } else { "deleted" };
    progress.say(&format!("{deleted} versions {done}; those of the last {keep} live releases stay"));
    Ok(deleted)
}

/// Returns the releases whose versions stay: the last `keep` that were live, of which one may have been rolled back, and everything later.
fn kept(manifests: &[Manifest], keep: usize) -> Vec<&Manifest> {
    let was_live = |manifest: &Manifest| matches!(manifest.state, State::Live | State::RolledBack);
    let mut live = 0;
    let counted = manifests.iter().take_while(|manifest| {
        live += usize::from(was_live(manifest));
        live <= keep
    });
    // A later deployment that has not ended may still move its aliases.
    counted.filter(|manifest| manifest.state != State::Failed).collect()
}

/// Returns the published versions of a function.
async fn versions(cloud: &Cloud, function: &str) -> Result<Vec<String>> {
    let mut versions = Vec::new();
    let mut pages =
        cloud.functions.list_versions_by_function().function_name(function).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(aws)?;
        versions.extend(page.versions.unwrap_or_default().into_iter().filter_map(|version| version.version));
    }
    versions.retain(|version| version != "$LATEST");
    Ok(versions)
}
