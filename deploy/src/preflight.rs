//! What must be so before a deployment changes anything.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use time::OffsetDateTime;

use crate::{
    apply,
    cloud::{Cloud, aws},
    progress::Progress,
    settings::Settings,
    store, template,
};

/// The concurrent executions that a new account has. Lambda reserves none of them for a function.
const SMALLEST_LIMIT: i32 = 110;

/// Checks the window of the environment. A reason overrides it, and is returned to be recorded.
///
/// # Errors
/// If the window is closed and there is no reason.
pub fn window(settings: &Settings, reason: Option<&str>, now: OffsetDateTime) -> Result<Option<String>> {
    let Some(window) = &settings.own.window else { return Ok(None) };
    if window.is_open(now)? {
        return Ok(None);
    }
    match reason.map(str::trim) {
        Some("") => bail!("the reason of --override is empty"),
        Some(reason) => Ok(Some(reason.to_owned())),
        None => bail!(
            "{} is deployed on {window}; `--override REASON` deploys now and records the reason",
            settings.environment
        ),
    }
}

/// Adapts the settings to the limits of the account.
///
/// # Errors
/// If Lambda does not answer.
pub async fn limits(cloud: &Cloud, settings: &mut Settings, progress: Progress) -> Result<()> {
    let account = cloud.functions.get_account_settings().send().await.map_err(aws)?;
    let limit = account.account_limit.map_or(0, |limit| limit.concurrent_executions);
    let reserve =
        settings.parameters.entry("SyncReservedConcurrency".to_owned()).or_insert_with(|| "true".to_owned());
    if limit < SMALLEST_LIMIT && reserve == "true" {
        progress.say(&format!(
            "the account allows {limit} concurrent executions, so none is reserved for the sync: ask AWS for more"
        ));
        "false".clone_into(reserve);
    }
    Ok(())
}

/// The template of the bucket of artifacts.
const ARTIFACTS: &str = "infra/artifacts.yaml";

/// Creates the bucket of artifacts if the account does not have it in this region.
///
/// # Errors
/// If it cannot be created.
pub async fn bucket(cloud: &Cloud, root: &std::path::Path, progress: Progress) -> Result<()> {
    let name = cloud.artifacts();
    let is_missing = match cloud.files.head_bucket().bucket(&name).send().await {
        Ok(_) => false,
        Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => true,
        Err(error) => return Err(aws(error)).with_context(|| format!("the bucket {name} cannot be used")),
    };
    if !is_missing {
        return Ok(());
    }
    progress.say(&format!("the bucket {name} is created"));
    let text = std::fs::read_to_string(root.join(ARTIFACTS)).context(ARTIFACTS)?;
    let body = template::expand(root, &cloud.region, &text, &BTreeMap::new()).await?.to_string();
    let stack = "pokedex-artifacts";
    apply::create(cloud, stack, &body, progress).await?;
    Ok(())
}

/// Stores a template where CloudFormation reads it; returns its address.
///
/// # Errors
/// If S3 does not accept it.
pub async fn store_template(cloud: &Cloud, text: &str) -> Result<String> {
    let key = format!("templates/{}.json", crate::program::hash(text.as_bytes()));
    if !store::has(cloud, &key).await? {
        store::put(cloud, &key, text.as_bytes().to_vec()).await?;
    }
    Ok(format!("https://{}.s3.{}.amazonaws.com/{key}", cloud.artifacts(), cloud.region))
}
