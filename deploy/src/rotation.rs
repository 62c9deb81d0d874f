//! The replacement of the value of `X-Origin-Verify`, in three deployments of the live release, without a refused request.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use time::OffsetDateTime;

use crate::{
    bundle::Bundle,
    cloud::{Cloud, aws},
    manifest::{self, Manifest, State},
    origin::{self, CURRENT, HASHES, PENDING, VERSION, Values},
    preflight,
    progress::Progress,
    release::{self, Options},
    settings::Settings,
    stacks,
};

/// The manifests among which the live release is searched.
const RECENT: usize = 20;
const LENGTH: i64 = 64;

/// The next step of a rotation. Each is repeated by a run after an interruption, which it does not harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A value is created, with the label of the pending one.
    Create,
    /// Functions accept both values, and then the edge sends the new one, which becomes the current one.
    Switch,
    /// Functions drop the former value, and the label is removed.
    Finish,
}

fn next(values: &Values) -> Step {
    match &values.pending {
        None => Step::Create,
        Some(pending) if *pending != values.current => Step::Switch,
        Some(_) => Step::Finish,
    }
}

/// Replaces the value. An interrupted rotation is continued.
///
/// # Errors
/// If no release is live, the secret cannot be changed, or a deployment fails; functions and edge agree at any time.
pub async fn rotate(
    cloud: &Cloud,
    root: &Path,
    settings: &Settings,
    reason: Option<&str>,
    dry_run: bool,
    progress: Progress,
) -> Result<()> {
    let environment = settings.environment.name();
    let manifests = manifest::of(cloud, environment, RECENT).await?;
    let is_live = |manifest: &&Manifest| manifest.state == State::Live && manifest.only.is_empty();
    let live =
        manifests.iter().find(is_live).with_context(|| format!("no release is live in {environment}"))?;
    let last = manifests.iter().find(|manifest| manifest.state == State::Live);
    ensure!(
        last.is_none_or(|last| last.only.is_empty() || last.rotation),
        "the last deployment of {environment} changed only some stacks: deploy all of them first"
    );
    for parameter in [HASHES, VERSION] {
        ensure!(
            !settings.parameters.contains_key(parameter),
            "samconfig.toml sets {parameter} in {environment}: functions would not accept another value"
        );
    }
    preflight::window(settings, reason, OffsetDateTime::now_utc())?;
    let bundle = Bundle::get(cloud, &live.bundle).await?;
    ensure!(bundle.has_edge(settings), "{environment} has no edge");
    let deployment = Deployment { cloud, root, settings, bundle, reason, progress };
    let mut values = deployment.values().await?;
    let mut step = next(&values);
    if dry_run {
        progress.say(&format!("{environment}: the next step of the rotation is to {}", step.description()));
        return Ok(());
    }
    loop {
        progress.say(&format!("{environment}: {}", step.description()));
        match step {
            Step::Create => deployment.create().await?,
            Step::Switch => {
                deployment.deploy(None, &[]).await?;
                let new = values.pending.as_ref().map(|pending| pending.version.as_str());
                deployment.deploy(new, &[stacks::EDGE.to_owned()]).await?;
                deployment.promote(&values).await?;
            }
            Step::Finish => {
                deployment.deploy(None, &[]).await?;
                return deployment.remove_label(&values).await;
            }
        }
        values = deployment.values().await?;
        step = next(&values);
    }
}

impl Step {
    const fn description(self) -> &'static str {
        match self {
            Self::Create => "create a value",
            Self::Switch => "let functions accept both values, and the edge send the new one",
            Self::Finish => "let functions drop the former value",
        }
    }
}

struct Deployment<'a> {
    cloud: &'a Cloud,
    root: &'a Path,
    settings: &'a Settings,
    bundle: Bundle,
    reason: Option<&'a str>,
    progress: Progress,
}

impl Deployment<'_> {
    async fn values(&self) -> Result<Values> {
        let secret = origin::secret(self.settings);
        origin::read(self.cloud, self.settings)
            .await?
            .with_context(|| format!("the secret {secret} has no value"))
    }

    async fn create(&self) -> Result<()> {
        let secrets = &self.cloud.secrets;
        let password = secrets.get_random_password().password_length(LENGTH).exclude_punctuation(true);
        let value =
            password.send().await.map_err(aws)?.random_password.context("there is no random password")?;
        let value = secrets.put_secret_value().secret_id(origin::secret(self.settings)).secret_string(value);
        value.version_stages(PENDING).send().await.map_err(aws)?;
        Ok(())
    }

    /// Deploys the live release with the values of the secret; with `version` as the one that the edge sends.
    async fn deploy(&self, version: Option<&str>, only: &[String]) -> Result<()> {
        let mut settings = self.settings.clone();
        if let Some(version) = version {
            settings.parameters.insert(VERSION.to_owned(), version.to_owned());
        }
        let options = Options {
            only: only.to_vec(),
            reason: self.reason.map(str::to_owned),
            accept_old_catalogue: true,
            rotation: true,
            ..Options::default()
        };
        let bundle = self.bundle.clone();
        release::deploy(self.cloud, self.root, settings, bundle, &options, self.progress).await?;
        Ok(())
    }

    /// Makes the pending value the current one. It keeps both labels until the functions have dropped the former value.
    async fn promote(&self, values: &Values) -> Result<()> {
        let change =
            self.cloud.secrets.update_secret_version_stage().secret_id(origin::secret(self.settings));
        let change = change.version_stage(CURRENT).remove_from_version_id(&values.current.version);
        let new = values.pending.as_ref().map(|pending| pending.version.clone());
        change.set_move_to_version_id(new).send().await.map_err(aws)?;
        Ok(())
    }

    async fn remove_label(&self, values: &Values) -> Result<()> {
        let change =
            self.cloud.secrets.update_secret_version_stage().secret_id(origin::secret(self.settings));
        let change = change.version_stage(PENDING).remove_from_version_id(&values.current.version);
        change.send().await.map_err(aws)?;
        self.progress.say("the value is replaced");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Version;

    /// A run that was interrupted anywhere leaves one of these states, from which the next run goes on.
    #[test]
    fn the_labels_of_the_secret_tell_the_next_step() {
        let version = |value: &str| Version { value: value.to_owned(), version: value.to_owned() };
        let values = |pending: Option<&str>| Values { current: version("1"), pending: pending.map(version) };
        assert_eq!(next(&values(None)), Step::Create);
        assert_eq!(next(&values(Some("2"))), Step::Switch);
        assert_eq!(next(&values(Some("1"))), Step::Finish);
    }
}
