//! `GET /api/v1/health` and `GET /api/v1/health/ready`

pub(crate) mod docs;

use std::time::Duration;

use adapters::{
    disk, now,
    store::{AccountStore, Meter, StoreError},
    sync::{self, Held, State},
};
use domain::{FieldError, Timestamp};
use http::StatusCode;
use mirror::MirrorState;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use door::{Problem, Request, Response, cache::json};

/// The number of held changes that a response shows.
const MOST_HELD: usize = 5;
/// The timeout of each check of readiness. They run at the same time.
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
    pub tables: TableReadiness,
    pub keys: KeyReadiness,
    /// Null before the first run of the mirror of pictures and sounds.
    pub assets: Option<AssetReadiness>,
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

/// The tables, which all respond.
#[derive(Serialize, JsonSchema)]
pub struct TableReadiness {
    /// Always `ok`, like the others.
    pub catalog: &'static str,
    pub app: &'static str,
    pub ephemeral: &'static str,
    pub audit: &'static str,
}

#[derive(Serialize, JsonSchema)]
pub struct KeyReadiness {
    /// The number of public keys.
    pub public: usize,
}

/// The last run of the mirror. Old pictures stay valid, so their age is reported only.
#[derive(Serialize, JsonSchema)]
pub struct AssetReadiness {
    pub last_finished_at: Timestamp,
    /// Null if a clock was wrong.
    pub age_seconds: Option<i64>,
    /// Whether the run has asked for every picture and sound that was due.
    pub is_complete: bool,
    /// Pictures and sounds that the run could not fetch.
    pub failed: usize,
}

/// A dependency that does not work.
struct Failure {
    culprit: &'static str,
    message: String,
    /// The cause, for the log only.
    cause: Option<String>,
}

/// The parts of the catalogue that a check has read.
struct Catalogue {
    index: String,
    indexed_at: Timestamp,
    sync: State,
    mirror: MirrorState,
}

/// Reports that the function runs. Calls no dependency.
pub(crate) async fn alive(_: &App, _: &Request) -> Result<Response, Problem> {
    Ok(json(serde_json::to_vec(&Health { status: "ok" })?))
}

/// Reports whether the API's dependencies respond; otherwise returns 503, naming each failing one.
pub(crate) async fn ready(app: &App, request: &Request) -> Result<Response, Problem> {
    let (accounts, meter) = (app.kernel.accounts(), &request.meter);
    let (catalogue, keys, ephemeral, audit) = tokio::join!(
        within("catalog", catalogue(app, meter)),
        within("app", keys(accounts, meter)),
        within("ephemeral", async {
            accounts.receipt(meter, "ready", now()).await.map_err(|error| silent("ephemeral", &error))
        }),
        within("audit", async { accounts.check_trail(meter).await.map_err(|error| silent("audit", &error)) }),
    );
    let too_old = catalogue.as_ref().ok().and_then(|catalogue| too_old(app, catalogue));
    let others = [ephemeral.err(), audit.err(), full_disk(app)];
    match (catalogue, keys) {
        (Ok(catalogue), Ok(keys)) if too_old.is_none() && others.iter().all(Option::is_none) => {
            Ok(json(serde_json::to_vec(&readiness(catalogue, keys))?))
        }
        (catalogue, keys) => {
            let failures = [catalogue.err(), too_old, keys.err()].into_iter().chain(others);
            Err(not_ready(failures.flatten().collect()))
        }
    }
}

/// Fails if `check` of the dependency `culprit` takes too long.
async fn within<T>(
    culprit: &'static str,
    check: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let late = |_| Err(failure(culprit, "did not respond within 2 seconds", None));
    tokio::time::timeout(CAP, check).await.unwrap_or_else(late)
}

/// Reads the index and the states of the runs that fill the catalogue. All of it is in one table, which is blamed once.
async fn catalogue(app: &App, meter: &Meter) -> Result<Catalogue, Failure> {
    let store = app.catalogue.store();
    let (pointer, sync, mirror) =
        tokio::join!(store.index_pointer(meter), sync::state(store, meter), store.mirror_state(meter));
    let pointer = pointer.map_err(|error| silent("catalog", &error))?;
    let pointer = pointer.ok_or_else(|| failure("catalog", "is empty", None))?;
    if let Err(error) = app.catalogue.dex_of(meter, &pointer.version).await {
        return Err(failure("catalog", "has no readable index", Some(error.to_string())));
    }
    let sync = sync.map_err(|error| failure("sync", "has no readable state", Some(error.to_string())))?;
    let mirror = mirror.map_err(|error| silent("catalog", &error))?;
    let mirror = MirrorState::read(&mirror.body);
    Ok(Catalogue { index: pointer.version, indexed_at: pointer.swapped_at, sync, mirror })
}

/// Returns the failure of the sync if the catalogue is older than the configuration accepts.
fn too_old(app: &App, catalogue: &Catalogue) -> Option<Failure> {
    let max = i64::try_from(app.config.sync_max_age?.as_secs()).unwrap_or(i64::MAX);
    let state = &catalogue.sync;
    // Before the first sync, the catalogue is as old as the snapshot's publication.
    let refreshed_at = state.last_good_at.unwrap_or(catalogue.indexed_at);
    let age = now().elapsed_since(refreshed_at);
    if age.is_some_and(|age| age <= max) {
        return None;
    }
    let held = state.held.iter().flat_map(Held::reasons).next();
    let held = held.map_or_else(String::new, |reason| format!("; a publication is held because {reason}"));
    let message = match (age.map(|age| age / 3600), state.last_good_at) {
        (Some(hours), Some(_)) => format!("last succeeded {hours} hours ago"),
        (Some(hours), None) => format!("has never succeeded; the catalogue is {hours} hours old"),
        (None, _) => format!("has a time in the future, {refreshed_at}: a clock was wrong"),
    };
    Some(failure("sync", &format!("{message}{held}"), None))
}

/// Returns the number of public keys, which are in the table of accounts.
async fn keys(accounts: &AccountStore, meter: &Meter) -> Result<usize, Failure> {
    let keys = accounts.public_keys(meter).await.map_err(|error| silent("app", &error))?;
    if keys.version == 0 {
        return Err(failure("keys", "do not exist yet", None));
    }
    Ok(keys.jwks.keys.len())
}

/// Returns the failure of the disk, on one machine, if it has no room or cannot be written. AWS has no such disk.
fn full_disk(app: &App) -> Option<Failure> {
    let error = disk::check(app.config.data_folder.as_ref()?).err()?;
    Some(failure("disk", "is full or cannot be written", Some(error.to_string())))
}

fn readiness(catalogue: Catalogue, keys: usize) -> Readiness {
    let Catalogue { index, indexed_at, sync, mirror } = catalogue;
    let (last, ok) = (sync.last.as_ref(), "ok");
    Readiness {
        status: ok,
        catalog: CatalogReadiness { index, indexed_at },
        sync: SyncReadiness {
            last_finished_at: last.map(|last| last.finished_at),
            age_seconds: last.and_then(|last| now().elapsed_since(last.finished_at)),
            failed: last.map_or(0, |last| last.tally.failed),
            held: sync.held.iter().flat_map(Held::reasons).take(MOST_HELD).collect(),
        },
        tables: TableReadiness { catalog: ok, app: ok, ephemeral: ok, audit: ok },
        keys: KeyReadiness { public: keys },
        assets: mirror.last.map(|last| AssetReadiness {
            last_finished_at: last.ended_at,
            age_seconds: now().elapsed_since(last.ended_at),
            is_complete: last.is_complete,
            failed: last.tally.failed,
        }),
    }
}

/// The failure of a table that does not respond.
fn silent(table: &'static str, error: &StoreError) -> Failure {
    failure(table, "is not available", Some(error.to_string()))
}

fn failure(culprit: &'static str, message: &str, cause: Option<String>) -> Failure {
    Failure { culprit, message: message.to_owned(), cause }
}

fn not_ready(failures: Vec<Failure>) -> Problem {
    let all = |part: fn(&Failure) -> Option<String>| {
        failures.iter().filter_map(part).collect::<Vec<_>>().join("; ")
    };
    let detail = all(|failure| Some(format!("{} {}", failure.culprit, failure.message)));
    let cause = Some(all(|failure| failure.cause.clone())).filter(|cause| !cause.is_empty());
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", format!("Not ready: {detail}"));
    let errors = failures.iter().map(|failure| FieldError::new(failure.culprit, &failure.message)).collect();
    Problem { errors, retry_after: Some(2), cause, ..problem }
}
