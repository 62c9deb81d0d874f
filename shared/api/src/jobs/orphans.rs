//! The deletion of mirrored files that no asset has any more.

use std::{env, process::ExitCode};

use ::mirror::{Bucket, collect};
use adapters::{
    aws, now,
    store::{CatalogStore, Meter},
};
use door::{
    lambda::refuse,
    task::{Task, task},
};
use serde_json::{Value, json};

use super::{
    mirror::{answer, bucket},
    serve::serve_job,
    table::ORPHANS,
};
use crate::config::pictures;

/// Serves the deletion of orphans ([`delete`]).
#[must_use]
pub fn serve() -> ExitCode {
    let pictures = match pictures(|name| env::var(name).ok()) {
        Ok(pictures) => pictures,
        Err(error) => return refuse(&error),
    };
    serve_job(&ORPHANS, async move |config, event, meter| {
        let store = CatalogStore::new(aws::from_environment(), &config.door.tables);
        delete(&store.with_pictures(pictures.clone()), &bucket(config)?, event, meter).await
    })
}

/// Deletes the files that no asset has had for thirty days ([`collect`]), if `store` publishes mirrored pictures. `{"task": "check"}` reads
/// the state and the bucket, and changes nothing.
///
/// # Errors
/// [`BadEvent`](door::task::BadEvent) for an unknown event; another error if the engine or S3 does not answer: the next invocation
/// continues. A run of the mirror that is at work is an answer, not an error.
pub async fn delete(
    store: &CatalogStore,
    bucket: &Bucket,
    event: &Value,
    meter: &Meter,
) -> Result<Value, lambda_runtime::Error> {
    if task(event, &[])? == Task::Check {
        let published = store.index_pointer(meter).await?.map(|pointer| pointer.pictures);
        return Ok(json!({
            "outcome": "checked",
            "tables": [store.table()],
            "files": bucket.keys().await?.len(),
            "pictures": published,
        }));
    }
    if !store.has_mirrored_pictures() {
        return Ok(json!({"outcome": "off"}));
    }
    answer(collect(store, meter, bucket, &format!("{:032x}", fastrand::u128(..)), now()).await)
}
