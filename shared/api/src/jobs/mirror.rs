//! The mirror of pictures and sounds.

use std::{process::ExitCode, time::Duration};

use ::mirror::{Bucket, MirrorError, MirrorState};
use adapters::{
    aws, now,
    pokeapi::AssetSource,
    store::{CatalogStore, Meter},
    sync::Settings,
};
use door::{
    config::ConfigError,
    lambda::refuse,
    task::{Task, task},
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{serve::serve_job, table::MIRROR};
use crate::config::{Config, MirrorConfig};

/// The time at the end of an invocation that is reserved for the assets that are being processed, and for the last checkpoint.
const RESERVE: Duration = Duration::from_secs(60);

/// Serves the mirror ([`mirror`]).
#[must_use]
pub fn serve() -> ExitCode {
    let settings = match MirrorConfig::from_env() {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    serve_job(&MIRROR, async move |config, event, meter| {
        let store = CatalogStore::new(aws::from_environment(), &config.door.tables);
        let source = AssetSource::new(settings.source.clone())?;
        let store = store.with_pictures(settings.pictures.clone());
        mirror(&store, &source, &bucket(config)?, settings.min_age_seconds, event, meter).await
    })
}

/// The bucket of mirrored files.
pub(super) fn bucket(config: &Config) -> Result<Bucket, ConfigError> {
    let name = config.assets.as_deref().ok_or(ConfigError::Missing("ASSETS_BUCKET"))?;
    Ok(Bucket::new(&aws::s3_from_environment(), name))
}

/// Mirrors the assets that are due until the invocation's time is nearly over; the next one continues. Does nothing unless `store`
/// publishes mirrored pictures, nor within `min_age` seconds of a complete run; `{"task": "mirror"}` does not wait. The sync publishes the
/// addresses. `{"task": "check"}` reads the state and the bucket, and changes nothing.
///
/// # Errors
/// [`BadEvent`](door::task::BadEvent) for an unknown event; another error if the engine or S3 does not answer: the next invocation
/// continues. A run that is at work is an answer, not an error.
pub async fn mirror(
    store: &CatalogStore,
    source: &AssetSource,
    bucket: &Bucket,
    min_age: i64,
    event: &Value,
    meter: &Meter,
) -> Result<Value, lambda_runtime::Error> {
    let task = task(event, &["mirror"])?;
    if task != Task::Check && !store.has_mirrored_pictures() {
        return Ok(json!({"outcome": "off"}));
    }
    let state = MirrorState::read(&store.mirror_state(meter).await?.body);
    if task == Task::Check {
        return Ok(json!({
            "outcome": "checked",
            "tables": [store.table()],
            "files": bucket.keys().await?.len(),
            "source": source.config().base_url,
        }));
    }
    if task == Task::Scheduled && state.is_fresh(now(), &source.config().base_url, min_age) {
        return Ok(json!({"outcome": "fresh", "last": state.last}));
    }
    let time = Duration::from_secs(MIRROR.timeout.unwrap_or_default().into());
    let settings = Settings {
        deadline: Some(Instant::now() + time.saturating_sub(RESERVE)),
        ..Settings::new(format!("{:032x}", fastrand::u128(..)))
    };
    answer(::mirror::run(store, meter, source, bucket, &settings, &mut |_| {}).await)
}

/// Returns the answer of a job that works under the lease of the mirror. That another one holds it is not an error.
pub(super) fn answer(ended: Result<impl Serialize, MirrorError>) -> Result<Value, lambda_runtime::Error> {
    match ended {
        Ok(outcome) => Ok(serde_json::to_value(outcome)?),
        Err(MirrorError::Busy(until)) => Ok(json!({"outcome": "busy", "until": until})),
        Err(error) => Err(error.into()),
    }
}
