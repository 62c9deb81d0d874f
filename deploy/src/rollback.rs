//! The return to an earlier release: every alias moves back to the version that served then.

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    aliases::{self, Versions},
    cloud::Cloud,
    manifest::{self, Manifest, State},
    progress::Progress,
    release,
    settings::Settings,
    smoke, stacks,
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

/// What a caller asks of a rollback.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The release to return to; the one before the live one if absent.
    pub to: Option<String>,
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
    let (current, target) = choose(&manifests, options.to.as_deref(), environment)?;
    progress.say(&format!(
        "{environment}: from {} (commit {}) to {} (commit {}) of {}",
        current.release, current.bundle.commit, target.release, target.bundle.commit, target.started
    ));
    if options.dry_run {
        return Ok(());
    }
    let moved = restore(cloud, settings, &target.versions, progress).await?;
    progress.say(&format!("{moved} aliases moved"));
    let target_of_test = smoke::Target {
        url: release::api_url(cloud, settings).await?,
        origin_verify: release::origin_verify(cloud, settings).await?,
        expects_sync: !options.accept_old_catalogue,
        release: Some(target.release.clone()),
    };
    let report = smoke::run(&target_of_test).await?;
    progress.say(&report.summary());
    let mut left = current.clone();
    left.state = State::RolledBack;
    left.notes.push(format!("rolled back to {} at {}", target.release, manifest::timestamp()));
    left.put(cloud).await?;
    // The release that serves again is the latest live one.
    let mut live = target.clone();
    live.started = manifest::timestamp();
    live.before = current.versions.clone();
    live.notes = vec![format!("returned to after {}", current.release)];
    live.put(cloud).await?;
    if report.failed() > 0 {
        bail!("the earlier release serves, but the smoke test failed: {}", report.failures().join("; "));
    }
    Ok(())
}

/// Returns the manifest of the live release, and the one to return to.
fn choose<'a>(
    manifests: &'a [Manifest],
    to: Option<&str>,
    environment: &str,
) -> Result<(&'a Manifest, &'a Manifest)> {
    let mut live = manifests.iter().filter(|manifest| manifest.state == State::Live);
    let current = live.next().with_context(|| format!("no release is live in {environment}"))?;
    let target = live.find(|manifest| match to {
        Some(release) => manifest.release == release,
        None => manifest.release != current.release,
    });
    let target = target.with_context(|| match to {
        Some(release) => format!("{release} was never live in {environment} before {}", current.release),
        None => format!("no release was live in {environment} before {}", current.release),
    })?;
    ensure!(!target.versions.is_empty(), "the manifest of {} names no versions", target.release);
    Ok((current, target))
}
