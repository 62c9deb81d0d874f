//! The return to an earlier release: every alias moves back to the version that served then.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use crate::{
    address::{self, Address},
    aliases::{self, Versions},
    apply,
    cloud::Cloud,
    invalidation,
    live::APP_TABLE,
    manifest::{self, Manifest, State},
    migration, notices, origin,
    progress::Progress,
    settings::Settings,
    smoke,
    stacks::{self, Stack},
    web,
};

/// The number of manifests among which the earlier release is searched.
const HISTORY: usize = 50;

/// Moves the aliases to `versions`: those of the jobs first, because they write what the routes read. Returns the number of moved aliases.
///
/// # Errors
/// If Lambda rejects a change.
pub async fn restore(
    cloud: &Cloud,
    settings: &Settings,
    versions: &Versions,
    progress: Progress,
) -> Result<usize> {
    let jobs = aliases::of_stack(cloud, &format!("{}-{}", settings.prefix(), stacks::JOBS)).await?;
    let (first, rest): (Versions, Versions) =
        versions.clone().into_iter().partition(|(function, _)| jobs.contains_key(function));
    let moved = aliases::move_to(cloud, &first, progress).await?.len();
    Ok(moved + aliases::move_to(cloud, &rest, progress).await?.len())
}

/// Puts the pages of a release back, and removes the responses of the release after it from the edge, if there is one.
///
/// # Errors
/// If S3 or CloudFront does not accept it.
pub async fn restore_edge(
    cloud: &Cloud,
    outputs: &BTreeMap<String, String>,
    manifest: &Manifest,
    progress: Progress,
) -> Result<()> {
    web::restore(cloud, outputs, manifest).await?;
    invalidation::invalidate(cloud, outputs, &manifest::timestamp(), progress).await
}

/// The options of a rollback.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The release to return to; the one before the live one if absent.
    pub to: Option<String>,
    /// Only undo the last deployment, and only if it failed or was interrupted.
    pub if_failed: bool,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Whether the catalogue may be older than the environment demands.
    pub accept_old_catalogue: bool,
}

/// Returns from the live release to an earlier one, and proves that it works.
///
/// # Errors
/// If there is no earlier release, an alias cannot be moved, or the smoke test fails.
pub async fn rollback(
    cloud: &Cloud,
    settings: &Settings,
    options: &Options,
    progress: Progress,
) -> Result<()> {
    let environment = settings.environment.name();
    let manifests = manifest::of(cloud, environment, HISTORY).await?;
    if options.if_failed {
        return undo(cloud, settings, &manifests, options.dry_run, progress).await;
    }
    ensure!(
        manifests.first().is_none_or(|last| last.state != State::Started) || options.to.is_some(),
        "the last deployment of {environment} has not ended: undo it with `cargo xtask rollback {environment} --if-failed`"
    );
    let (current, target) = choose(&manifests, options.to.as_deref(), environment)?;
    progress.say(&format!(
        "{environment}: from {} (commit {}) to {} (commit {}) of {}",
        current.release, current.commit, target.release, target.commit, target.started
    ));
    if let Some(schema) = migration::schema(cloud, settings).await? {
        target.serves.admit(&schema, current.serves, environment)?;
    }
    origin::require_accepted(cloud, settings, target).await?;
    require_live_table(settings, target)?;
    if options.dry_run {
        return Ok(());
    }
    wait(cloud, settings, &current.stacks, progress).await?;
    let moved = restore(cloud, settings, &target.versions, progress).await?;
    progress.say(&format!("{moved} aliases moved"));
    let outputs = Address::outputs(cloud, settings).await?;
    restore_edge(cloud, &outputs, target, progress).await?;
    let mut left = current.clone();
    left.state = State::RolledBack;
    left.notes.push(format!("rolled back to {} at {}", target.release, manifest::timestamp()));
    left.put(cloud).await?;
    notices::report(cloud, settings, &left, progress).await;
    // The release that serves again is the latest live one, whatever the test finds.
    let mut live = target.clone();
    live.state = State::Live;
    live.started = manifest::timestamp();
    live.before = current.versions.clone();
    live.notes = vec![format!("returned to after {}", current.release)];
    live.put(cloud).await?;
    let address = Address::of(&outputs)?;
    let test = smoke::Target {
        expects_sync: !options.accept_old_catalogue,
        release: target.release_of_api(),
        ..address.target(cloud, settings).await?
    };
    address::prove(&address, test, progress).await.context("the earlier release serves, but it does not work")
}

/// Functions of a release from before a restore would serve with the table that was replaced.
fn require_live_table(settings: &Settings, target: &Manifest) -> Result<()> {
    let live = settings.parameters.get(APP_TABLE);
    ensure!(
        target.accounts.is_none() || target.accounts.as_ref() == live,
        "the release {} serves with the table {}, which was replaced since by {}: deploy its commit {} again instead",
        target.release,
        target.accounts.as_deref().unwrap_or_default(),
        live.map_or("another one", String::as_str),
        target.commit
    );
    Ok(())
}

/// Moves the aliases back to the versions before the last deployment, if that did not succeed: an interrupted deployment has not done so
/// itself.
async fn undo(
    cloud: &Cloud,
    settings: &Settings,
    manifests: &[Manifest],
    dry_run: bool,
    progress: Progress,
) -> Result<()> {
    let Some(last) = unsuccessful(manifests) else {
        progress.say(&format!("{}: no deployment is to be undone", settings.environment));
        return Ok(());
    };
    ensure!(!last.before.is_empty(), "{} was the first release: there is no earlier one", last.release);
    progress.say(&format!("{}: undoing the deployment of {}", settings.environment, last.release));
    if dry_run {
        return Ok(());
    }
    wait(cloud, settings, &last.stacks, progress).await?;
    let moved = restore(cloud, settings, &last.before, progress).await?;
    progress.say(&format!("{moved} aliases moved"));
    if let Some(proven) = manifests.iter().find(|manifest| manifest.state == State::Live) {
        restore_edge(cloud, &Address::outputs(cloud, settings).await?, proven, progress).await?;
    }
    let mut failed = last.clone();
    failed.state = State::Failed;
    failed.notes.push(format!("undone at {}: {moved} aliases moved", manifest::timestamp()));
    failed.put(cloud).await?;
    notices::report(cloud, settings, &failed, progress).await;
    Ok(())
}

/// Returns the manifest of the last deployment if that did not succeed.
fn unsuccessful(manifests: &[Manifest]) -> Option<&Manifest> {
    manifests.first().filter(|last| matches!(last.state, State::Started | State::Failed))
}

/// Waits until no stack is being changed: a deployment in progress would move the aliases again.
async fn wait(cloud: &Cloud, settings: &Settings, stacks: &[Stack], progress: Progress) -> Result<()> {
    for stack in stacks {
        let cloud = &cloud.of(stack);
        apply::settled(cloud, &stack.name_in(settings), progress).await?;
    }
    Ok(())
}

/// Returns the manifest of the live release, and the one to return to.
fn choose<'a>(
    manifests: &'a [Manifest],
    to: Option<&str>,
    environment: &str,
) -> Result<(&'a Manifest, &'a Manifest)> {
    // A rollback that was interrupted has left its release, and has not recorded yet which one serves.
    let served = |manifest: &&Manifest| matches!(manifest.state, State::Live | State::RolledBack);
    let current = manifests.iter().find(served);
    let current = current.with_context(|| format!("no release is live in {environment}"))?;
    let target = manifests.iter().find(|manifest| match to {
        // A release that was left by mistake is returned to by its name.
        Some(release) => manifest.release == release && served(manifest),
        // The steps of one rotation have the same code.
        None => {
            manifest.release != current.release
                && manifest.state == State::Live
                && !(manifest.rotation && current.rotation)
        }
    });
    let target = target.with_context(|| match to {
        Some(release) => format!("{release} was never live in {environment}"),
        None => format!("no release was live in {environment} before {}", current.release),
    })?;
    ensure!(!target.versions.is_empty(), "the manifest of {} names no versions", target.release);
    Ok((current, target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::samples::manifest;

    /// The names of the current release and of the one to return to.
    fn chosen(manifests: &[Manifest], to: Option<&str>) -> Option<(String, String)> {
        let (current, target) = choose(manifests, to, "prod").ok()?;
        Some((current.release.clone(), target.release.clone()))
    }

    #[test]
    fn a_rollback_returns_to_the_release_before_the_live_one() {
        let manifests = [
            manifest("d", State::Failed),
            manifest("c", State::Live),
            manifest("b", State::RolledBack),
            manifest("a", State::Live),
        ];
        assert_eq!(chosen(&manifests, None), Some(("c".to_owned(), "a".to_owned())));
        assert_eq!(chosen(&manifests, Some("a")), Some(("c".to_owned(), "a".to_owned())));
        assert_eq!(chosen(&manifests, Some("b")), Some(("c".to_owned(), "b".to_owned())), "named");
        assert_eq!(chosen(&manifests, Some("d")), None, "it was never live");
        assert_eq!(chosen(&manifests[..2], None), None, "there is nothing before");
    }

    /// The steps of a rotation are releases of the same code with another value of the edge.
    #[test]
    fn a_rollback_after_a_rotation_returns_to_the_release_before_it() {
        let step = |release: &str| Manifest { rotation: true, ..manifest(release, State::Live) };
        let rotated = [step("c"), step("b"), manifest("a", State::Live)];
        assert_eq!(chosen(&rotated, None), Some(("c".to_owned(), "a".to_owned())));
        let next = [manifest("d", State::Live), step("c"), step("b"), manifest("a", State::Live)];
        assert_eq!(
            chosen(&next, None),
            Some(("d".to_owned(), "c".to_owned())),
            "functions that know the new value"
        );
    }

    #[test]
    fn a_rollback_never_returns_to_a_table_that_was_replaced() {
        let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let settings = Settings::read(root, "prod").expect("settings");
        let target = |accounts: Option<&str>| {
            let accounts = accounts.map(str::to_owned);
            require_live_table(&settings, &Manifest { accounts, ..manifest("a", State::Live) })
        };
        assert!(target(None).is_ok(), "a manifest from before restores were recorded");
        assert!(target(Some("pokedex-prod-app")).is_ok());
        let refused = target(Some("pokedex-prod-app-20261129T010203Z")).expect_err("replaced").to_string();
        assert!(refused.contains("replaced since by pokedex-prod-app: deploy its commit"), "{refused}");
    }

    #[test]
    fn an_interrupted_rollback_returns_to_the_same_release_again() {
        let manifests =
            [manifest("c", State::RolledBack), manifest("b", State::Live), manifest("a", State::Live)];
        assert_eq!(chosen(&manifests, None), Some(("c".to_owned(), "b".to_owned())));
    }

    #[test]
    fn only_a_last_deployment_without_success_is_undone() {
        let undone = |state| {
            let manifests = [manifest("b", state), manifest("a", State::Live)];
            unsuccessful(&manifests).map(|last| last.release.clone())
        };
        assert_eq!(undone(State::Started).as_deref(), Some("b"));
        assert_eq!(undone(State::Failed).as_deref(), Some("b"));
        assert_eq!(undone(State::Live), None);
        assert_eq!(undone(State::RolledBack), None);
        let manifests = [manifest("b", State::Live), manifest("a", State::Failed)];
        assert_eq!(unsuccessful(&manifests).map(|last| &last.release), None, "a later one succeeded");
    }
}
