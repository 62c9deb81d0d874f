//! The scheduled functions besides the sync: rotating the signing keys and finishing interrupted deletions.

mod task;

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use adapters::{
    aws,
    export::{Exports, ExportsError},
    milliseconds, now,
    store::{AccountStore, ChangeRecord, Meter, StoreError},
    tokens::{self, KeysError, Rotated, Rotation, unguessable},
};
use domain::{
    accounts::UserId,
    audit::{Action, Event, EventId, Outcome},
};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};

pub use task::BadEvent;
pub(crate) use task::{Task, flag, task};

use crate::{
    Config,
    config::ConfigError,
    lambda::run,
    telemetry::{Effort, Ids, JobSeen, Telemetry, trace_root},
};

/// The time between rotations, in seconds.
const MONTH: i64 = 30 * 24 * 3600;

/// Serves the rotation of the signing keys ([`rotate`]).
#[must_use]
pub fn serve_rotation() -> ExitCode {
    serve("rotate-signing-key", async |config, event, meter| {
        rotate(&AccountStore::new(aws::from_environment(), config.tables.clone()), config, event, meter).await
    })
}

/// Serves the completion of interrupted deletions ([`delete`]).
#[must_use]
pub fn serve_deletions() -> ExitCode {
    serve("finish-deletions", async |config, event, meter| {
        delete(&AccountStore::new(aws::from_environment(), config.tables.clone()), config, event, meter).await
    })
}

/// Creates the signing keys if they do not exist, and promotes them once a month. The event `{"emergency": true}` replaces them,
/// which signs all users out. `{"task": "check"}` reads the keys and changes nothing.
///
/// # Errors
/// [`BadEvent`] for an unknown event; another error if the keys or the table cannot be read or written.
pub async fn rotate(
    accounts: &AccountStore,
    config: &Config,
    event: &Value,
    meter: &Meter,
) -> Result<Value, lambda_runtime::Error> {
    let task = task(event, &[])?;
    let source = config.signing_keys.as_ref().ok_or(ConfigError::Missing("SIGNING_KEYS"))?;
    if task == Task::Check {
        let public = accounts.public_keys(meter).await?.jwks;
        let secret = match source.read().await {
            Ok(_) => true,
            // The first run creates the keys.
            Err(KeysError::None(_)) => false,
            Err(error) => return Err(error.into()),
        };
        return Ok(json!({
            "outcome": "checked",
            "tables": [config.tables.app],
            "signing_keys": secret,
            "public_keys": public.keys.len(),
        }));
    }
    let rotation = if flag(event, "emergency")? { Rotation::Emergency } else { Rotation::Due(MONTH) };
    let rotated = tokens::rotate(accounts, meter, source, rotation, now()).await?;
    Ok(json!({"outcome": match rotated {
        Rotated::Made => "made",
        Rotated::Promoted => "promoted",
        Rotated::Replaced => "replaced",
        Rotated::Rested => "rested",
    }}))
}

/// Completes every interrupted deletion. `{"task": "check"}` counts them and changes nothing.
///
/// # Errors
/// [`BadEvent`] for an unknown event; [`NotFinished`].
pub async fn delete(
    accounts: &AccountStore,
    config: &Config,
    event: &Value,
    meter: &Meter,
) -> Result<Value, lambda_runtime::Error> {
    if task(event, &[])? == Task::Check {
        let begun = accounts.deletions(meter).await?.len();
        // This id belongs to no user: ids hold their time of creation, and none dates from 1970.
        accounts.sessions(meter, UserId::new(0, [0; 10])).await?;
        return Ok(json!({
            "outcome": "checked",
            "tables": [config.tables.app, config.tables.ephemeral],
            "exports": config.exports.as_ref().map(|exports| &exports.bucket),
            "accounts": begun,
        }));
    }
    let accounts = finish_deletions(accounts, config.exports.as_ref(), meter).await?;
    Ok(json!({"outcome": "finished", "accounts": accounts}))
}

/// The reason that a deletion could not be completed.
#[derive(Debug, thiserror::Error)]
pub enum NotFinished {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Exports(#[from] ExportsError),
}

/// Completes every deletion that was begun, exports included. Returns their number.
///
/// # Errors
/// [`NotFinished`] if the engine or S3 does not respond: the next call continues.
pub async fn finish_deletions(
    accounts: &AccountStore,
    exports: Option<&Exports>,
    meter: &Meter,
) -> Result<usize, NotFinished> {
    let begun = accounts.deletions(meter).await?;
    let mut failed = None;
    for user in &begun {
        // A deletion that fails does not prevent the others.
        if let Err(error) = finish_deletion(accounts, exports, meter, *user, || step(*user)).await {
            failed.get_or_insert(error);
        }
    }
    failed.map_or(Ok(begun.len()), Err)
}

/// Completes the deletion of `user`. The export goes first, because the last step removes the marker of an unfinished deletion.
///
/// # Errors
/// As [`finish_deletions`].
pub(crate) async fn finish_deletion(
    accounts: &AccountStore,
    exports: Option<&Exports>,
    meter: &Meter,
    user: UserId,
    told: impl FnMut() -> ChangeRecord,
) -> Result<(), NotFinished> {
    if let Some(exports) = exports {
        exports.delete(user).await?;
    }
    Ok(accounts.finish_deletion(meter, user, told).await?)
}

fn step(user: UserId) -> ChangeRecord {
    ChangeRecord::from(Event {
        id: EventId::new(milliseconds(), unguessable()),
        at: now(),
        actor: None,
        action: Action::DeleteAccount,
        target: Some(format!("user:{user}")),
        outcome: Outcome::Done,
        request_id: "finish-deletions".to_owned(),
    })
}

/// Serves `job` under Lambda: returns its result, and logs one line with its cost.
fn serve(
    name: &'static str,
    job: impl AsyncFn(&Config, &Value, &Meter) -> Result<Value, lambda_runtime::Error> + 'static,
) -> ExitCode {
    run(async move |config, telemetry: Telemetry| {
        let cold = AtomicBool::new(true);
        let (config, job, telemetry, cold, name) = (&config, &job, &telemetry, &cold, &name);
        lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| {
            let LambdaEvent { payload, context } = event;
            let trace_id = context.xray_trace_id.as_deref().and_then(trace_root);
            let ids = Ids { request_id: context.request_id, trace_id };
            ids.scope(async {
                let (started, meter) = (Instant::now(), Meter::default());
                let answer = job(config, &payload, &meter).await;
                let effort = Effort::since(started, cold.swap(false, Ordering::Relaxed), meter.usage());
                telemetry.job(&JobSeen { route: name, outcome: answer.as_ref().ok().cloned(), effort });
                answer
            })
            .await
        }))
        .await
    })
}
