//! The removal of stored responses from the edge after a publication.

use std::process::ExitCode;

use adapters::{
    aws,
    edge::{self, Client},
    now,
    store::{CatalogStore, Meter},
};
use door::task::{BadEvent, Task, task};
use serde_json::{Value, json};

use super::{serve::serve_job, table::INVALIDATION};
use crate::config::Config;

/// The time, in addition to the interval between two checks of the index pointer, after which every function has the new index.
const SLACK: u64 = 5;

/// Serves the removal of stored responses ([`invalidate`]).
#[must_use]
pub fn serve() -> ExitCode {
    serve_job(&INVALIDATION, async |config, event, meter| {
        let store = CatalogStore::new(aws::from_environment(), &config.door.tables);
        invalidate(&store, &aws::cloudfront_from_environment(), config, event, meter).await
    })
}

/// Removes the stored responses of the API from the distribution that the event names, if the catalogue has changed since the last time. A
/// change is new until every function has read its index: a response that is made earlier may show the former catalogue, so a new change is
/// forgotten at once, and again once it is no longer new. A second invocation has no further effect. `{"task": "check"}` changes nothing.
///
/// # Errors
/// [`BadEvent`] for an unknown event; another error if the engine or CloudFront does not respond: the next invocation tries again.
pub async fn invalidate(
    store: &CatalogStore,
    distributions: &Client,
    config: &Config,
    event: &Value,
    meter: &Meter,
) -> Result<Value, lambda_runtime::Error> {
    let is_check = task(event, &[])? == Task::Check;
    let state = store.sync_state(meter).await?;
    let invalidated = store.invalidated(meter).await?;
    let changed = state.changed_at.filter(|changed| invalidated != Some(*changed));
    if is_check {
        let tables = [store.table()];
        return Ok(json!({"outcome": "checked", "tables": tables, "changed_at": state.changed_at}));
    }
    let distribution = event["distribution"].as_str().ok_or(BadEvent::NoField("distribution"))?;
    let Some(changed) = changed else { return Ok(json!({"outcome": "current"})) };
    let settled = i64::try_from(config.index_check_every.as_secs() + SLACK)?;
    let is_new = now().elapsed_since(changed).is_some_and(|age| age < settled);
    let reference = format!("catalogue-{}{}", changed.unix(), if is_new { "-new" } else { "" });
    edge::invalidate(distributions, distribution, &reference).await?;
    if !is_new {
        store.put_invalidated(meter, changed).await?;
    }
    let outcome = if is_new { "invalidated-new" } else { "invalidated" };
    Ok(json!({"outcome": outcome, "changed_at": changed}))
}
