//! The first hour of an environment: a catalogue, keys, and readiness, instead of waiting for the schedules.

use std::time::{Duration, Instant};

use adapters::store::{CatalogStore, Meter, Tables};
use anyhow::{Context as _, Result, bail};
use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;
use tokio::time::sleep;

use crate::{
    aliases::LIVE,
    cloud::{Cloud, aws},
    progress::Progress,
    settings::Settings,
    smoke,
};

/// Returns the names of the environment's tables.
///
/// # Errors
/// If a parameter is missing.
pub fn tables(settings: &Settings) -> Result<Tables> {
    let table = |parameter: &str| {
        settings
            .parameters
            .get(parameter)
            .cloned()
            .with_context(|| format!("there is no parameter {parameter}"))
    };
    Ok(Tables {
        catalog: table("CatalogTableName")?,
        app: table("AppTableName")?,
        ephemeral: table("EphemeralTableName")?,
        audit: table("AuditTableName")?,
    })
}

/// Publishes the bundled snapshot in the environment's catalogue, under the lease of the sync. A catalogue that a sync has filled stays.
///
/// # Errors
/// If the catalogue cannot be written, or a sync runs.
pub async fn seed(cloud: &Cloud, settings: &Settings, progress: Progress) -> Result<()> {
    let store = CatalogStore::new(cloud.tables.clone(), &tables(settings)?);
    match local::seed::seed(&store, "deploy").await.context("the catalogue could not be filled")? {
        Some(published) => progress
            .say(&format!("the bundled snapshot is the catalogue: {} items written", published.written)),
        None => progress.say("the environment has a catalogue"),
    }
    Ok(())
}

/// Says which catalogue [`seed`] would find.
///
/// # Errors
/// If the catalogue cannot be read.
pub async fn show_catalogue(cloud: &Cloud, settings: &Settings, progress: Progress) -> Result<()> {
    let store = CatalogStore::new(cloud.tables.clone(), &tables(settings)?);
    let catalogue = store.index_pointer(&Meter::default()).await.context("the catalogue cannot be read")?;
    progress.say(&match catalogue {
        Some(pointer) => format!("the catalogue was published at {}", pointer.swapped_at),
        None => "there is no catalogue: the bundled snapshot would be published".to_owned(),
    });
    Ok(())
}

/// Runs the rotation of the signing keys once, which creates them if they do not exist.
///
/// # Errors
/// If the function fails.
pub async fn create_keys(cloud: &Cloud, settings: &Settings, progress: Progress) -> Result<()> {
    let name = format!("{}-rotate-signing-key", settings.prefix());
    let answer = invoke(cloud, &format!("{name}:{LIVE}"), b"{}").await?;
    progress.say(&format!("signing keys: {}", answer["outcome"].as_str().unwrap_or("unknown")));
    Ok(())
}

/// Asks the job `name` whether it could work.
///
/// # Errors
/// If it does not start or cannot reach what it needs.
pub async fn check(cloud: &Cloud, settings: &Settings, name: &str) -> Result<()> {
    let function = format!("{}-{name}:{LIVE}", settings.prefix());
    let answer = invoke(cloud, &function, br#"{"task": "check"}"#).await?;
    if answer["outcome"] != "checked" {
        bail!("{function} does not work: {answer}");
    }
    Ok(())
}

pub(crate) async fn invoke(cloud: &Cloud, function: &str, event: &[u8]) -> Result<Value> {
    let invocation = cloud.functions.invoke().function_name(function).payload(Blob::new(event));
    let answer =
        invocation.send().await.map_err(aws).with_context(|| format!("{function} cannot be invoked"))?;
    let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
    if answer.function_error.is_some() {
        bail!("{function} failed: {}", String::from_utf8_lossy(&payload));
    }
    serde_json::from_slice(&payload).with_context(|| format!("{function} answered no JSON"))
}

/// The longest wait for an API that has just been created.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until the API answers that it is alive.
///
/// # Errors
/// If it does not within two minutes.
pub async fn alive(target: &smoke::Target) -> Result<()> {
    let url = &target.url;
    let client = reqwest::Client::builder()
        .default_headers(target.headers()?)
        .timeout(Duration::from_secs(30))
        .build()?;
    let started = Instant::now();
    loop {
        let answer = client.get(format!("{url}/api/v1/health")).send().await;
        if answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            let last = answer.map_or_else(|error| error.to_string(), |answer| answer.status().to_string());
            bail!("{url} is not alive after {} seconds: {last}", PATIENCE.as_secs());
        }
        sleep(Duration::from_secs(1)).await;
    }
}
