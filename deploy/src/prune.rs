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

/// Deletes the versions of every function that are older than the one that serves, but for those of the last `keep` releases that were
/// live. Later ones stay: a deployment may be about to serve with them. Returns the number of deleted versions. Running it again deletes
/// no more.
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
    // A release that was left by mistake is returned to.
    let was_live = |manifest: &&Manifest| matches!(manifest.state, State::Live | State::RolledBack);
    let kept: Vec<_> = manifests.iter().filter(was_live).take(keep).collect();
    let mut deleted = 0;
    for stack in stacks.iter().filter(|stack| stack.has_functions()) {
        for (function, serving) in aliases::of_stack(cloud, &stack.name_in(settings)).await? {
            let kept: BTreeSet<&str> = kept
                .iter()
                .filter_map(|manifest| manifest.versions.get(&function))
                .map(String::as_str)
                .collect();
            for version in old(versions(cloud, &function).await?, &serving, &kept) {
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

/// Returns those of `versions` that are older than `serving` and not among `kept`.
fn old(versions: Vec<String>, serving: &str, kept: &BTreeSet<&str>) -> Vec<String> {
    let number = |version: &str| version.parse::<u64>().ok();
    let is_older = |version: &str| number(version) < number(serving) && number(version).is_some();
    versions.into_iter().filter(|version| is_older(version) && !kept.contains(version.as_str())).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_older_than_the_one_that_serves_are_deleted() {
        let versions = || (1..=12).map(|number| number.to_string()).collect::<Vec<_>>();
        let deleted = old(versions(), "10", &["9", "4"].into());
        assert_eq!(deleted, ["1", "2", "3", "5", "6", "7", "8"], "11 and 12 belong to a deployment");
        assert!(old(versions(), "$LATEST", &BTreeSet::new()).is_empty(), "nothing is known to be older");
    }
}
