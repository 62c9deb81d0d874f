//! The checks and preparations before a deployment changes anything.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use time::OffsetDateTime;

use crate::{
    apply,
    cloud::{Cloud, aws},
    progress::Progress,
    settings::Settings,
    store, template,
};

/// The concurrent executions of an account that Lambda reserves for no function. A new account has only 10.
const UNRESERVED: i32 = 100;

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
    // The alarm on concurrency compares with it.
    settings.parameters.entry("AccountConcurrency".to_owned()).or_insert_with(|| limit.to_string());
    let reserve =
        settings.parameters.entry("SyncReservedConcurrency".to_owned()).or_insert_with(|| "true".to_owned());
    if !can_reserve(limit) && reserve == "true" {
        progress.say(&format!(
            "the account allows {limit} concurrent executions, so none is reserved for the sync: ask AWS for more"
        ));
        "false".clone_into(reserve);
    }
    Ok(())
}

/// Whether an account with this limit can reserve one execution.
const fn can_reserve(limit: i32) -> bool {
    limit > UNRESERVED
}

/// The template of the bucket of artifacts.
const ARTIFACTS: &str = "infra/artifacts.yaml";

/// Creates the bucket of artifacts if the account does not have it in this region.
///
/// # Errors
/// If it cannot be created.
pub async fn bucket(cloud: &Cloud, root: &std::path::Path, progress: Progress) -> Result<()> {
    if has_bucket(cloud).await? {
        return Ok(());
    }
    progress.say(&format!("the bucket {} is created", cloud.artifacts()));
    let text = std::fs::read_to_string(root.join(ARTIFACTS)).context(ARTIFACTS)?;
    let body = template::expand(root, &cloud.region, &text, &BTreeMap::new()).await?.to_string();
    apply::create(cloud, "pokedex-artifacts", &body, progress).await
}

/// Requires the bucket of artifacts, from which CloudFormation reads the templates whose changes it shows.
///
/// # Errors
/// If the account does not have it yet.
pub async fn require_bucket(cloud: &Cloud) -> Result<()> {
    let is_there = has_bucket(cloud).await?;
    ensure!(
        is_there,
        "nothing was deployed in this account and region yet, so there is nothing to compare with"
    );
    Ok(())
}

async fn has_bucket(cloud: &Cloud) -> Result<bool> {
    let name = cloud.artifacts();
    match cloud.files.head_bucket().bucket(&name).send().await {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(false),
        Err(error) => Err(aws(error)).with_context(|| format!("the bucket {name} cannot be used")),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_account_reserves_no_execution() {
        assert!(!can_reserve(10) && !can_reserve(100));
        assert!(can_reserve(101) && can_reserve(1000));
    }
}
