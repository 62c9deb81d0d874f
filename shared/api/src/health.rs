//! `GET /api/v1/health` and `GET /api/v1/health/ready`

pub(crate) mod docs;

use std::time::Duration;

use adapters::{
    disk, now,
    store::{Meter, StoreError},
    sync::{self, Held},
};
use domain::{FieldError, Timestamp};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use door::{Problem, Request, Response, cache::json};

/// The number of held changes that a response shows.
const MOST_HELD: usize = 5;
/// The timeout of the readiness check.
const CAP: Duration = Duration::from_secs(2);

#[derive(Serialize, JsonSchema)]
pub struct Health {
    /// Always `ok`.
    pub status: &'static str,
}

#[derive(Serialize, JsonSchema)]
pub struct Readiness {
    /// Always `ok`.
    pub status: &'static str,
    pub catalog: CatalogReadiness,
    pub sync: SyncReadiness,
}

#[derive(Serialize, JsonSchema)]
pub struct CatalogReadiness {
    /// Version of the dex index.
    pub index: String,
    pub indexed_at: Timestamp,
}

#[derive(Serialize, JsonSchema)]
pub struct SyncReadiness {
    /// Null before the first sync: the catalogue is the bundled snapshot.
    pub last_finished_at: Option<Timestamp>,
    pub age_seconds: Option<i64>,
    /// Resources that the last run had to skip.
    pub failed: usize,
    /// Improbable changes at PokeAPI for which nothing is published until an administrator approves them; empty otherwise.
    pub held: Vec<String>,
}

/// Reports that the function runs. Calls no dependency.
pub(crate) async fn alive(_: &App, _: &Request) -> Result<Response, Problem> {
    Ok(json(serde_json::to_vec(&Health { status: "ok" })?))
}

/// Reports whether the API's dependencies respond; otherwise returns 503, naming the failing one.
pub(crate) async fn ready(app: &App, request: &Request) -> Result<Response, Problem> {
    let checked = tokio::time::timeout(CAP, check(app, &request.meter)).await;
    let readiness =
        checked.unwrap_or_else(|_| Err(not_ready("catalog", "did not respond within 2 seconds", None)))?;
    Ok(json(serde_json::to_vec(&readiness)?))
}

async fn check(app: &App, meter: &Meter) -> Result<Readiness, Problem> {
    let (store, max_age) = (app.catalogue.store(), app.config.sync_max_age);
    let pointer = match store.index_pointer(meter).await {
        Ok(Some(pointer)) => pointer,
        Ok(None) => return Err(not_ready("catalog", "is empty", None)),
        Err(error) => return Err(not_ready("catalog", "is not available", Some(error.to_string()))),
    };
    if let Err(error) = app.catalogue.dex_of(meter, &pointer.version).await {
        return Err(not_ready("catalog", "has no readable index", Some(error.to_string())));
    }
    let state = sync::state(store, meter).await;
    let state = state.map_err(|error| not_ready("sync", "has no readable state", Some(error.to_string())))?;
    // Before the first sync, the catalogue is as old as the snapshot's publication.
    let refreshed_at = state.last_good_at.unwrap_or(pointer.swapped_at);
    let age = now().elapsed_since(refreshed_at);
    let is_fresh =
        |max: Duration| age.is_some_and(|age| age <= i64::try_from(max.as_secs()).unwrap_or(i64::MAX));
    if max_age.is_some_and(|max| !is_fresh(max)) {
        let held = state.held.iter().flat_map(Held::reasons).next();
        let held =
            held.map_or_else(String::new, |reason| format!("; a publication is held because {reason}"));
        let message = match (age.map(|age| age / 3600), state.last_good_at) {
            (Some(hours), Some(_)) => format!("last succeeded {hours} hours ago"),
            (Some(hours), None) => format!("has never succeeded; the catalogue is {hours} hours old"),
            (None, _) => format!("has a time in the future, {refreshed_at}: a clock was wrong"),
        };
        return Err(not_ready("sync", &format!("{message}{held}"), None));
    }
    accounts_answer(app, meter).await?;
    disk_has_room(app)?;
    let age = state.last.as_ref().and_then(|last| now().elapsed_since(last.finished_at));
    Ok(Readiness {
        status: "ok",
        catalog: CatalogReadiness { index: pointer.version, indexed_at: pointer.swapped_at },
        sync: SyncReadiness {
            last_finished_at: state.last.as_ref().map(|last| last.finished_at),
            age_seconds: age,
            failed: state.last.as_ref().map_or(0, |last| last.tally.failed),
            held: state.held.iter().flat_map(Held::reasons).take(MOST_HELD).collect(),
        },
    })
}

/// Checks that the account tables can be read, and that signing keys exist.
async fn accounts_answer(app: &App, meter: &Meter) -> Result<(), Problem> {
    let accounts = app.kernel.accounts();
    let (keys, expiring) = tokio::join!(accounts.public_keys(meter), accounts.receipt(meter, "ready", now()));
    let silent = |error: StoreError| not_ready("accounts", "are not available", Some(error.to_string()));
    let keys = keys.map_err(silent)?;
    expiring.map_err(silent)?;
    if keys.version == 0 {
        return Err(not_ready("keys", "do not exist yet", None));
    }
    Ok(())
}

/// Checks, on one machine, that the disk has room and can be written. Does nothing on AWS, which has no such disk.
fn disk_has_room(app: &App) -> Result<(), Problem> {
    let Some(folder) = &app.config.data_folder else { return Ok(()) };
    disk::check(folder)
        .map_err(|error| not_ready("disk", "is full or cannot be written", Some(error.to_string())))
}

fn not_ready(culprit: &str, message: &str, cause: Option<String>) -> Problem {
    let detail = format!("Not ready: {culprit} {message}");
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail);
    Problem { errors: vec![FieldError::new(culprit, message)], retry_after: Some(2), cause, ..problem }
}
