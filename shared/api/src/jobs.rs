//! The scheduled functions besides the sync: keys that are made and promoted, deletions that are ended.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use adapters::{
    aws,
    export::{Exports, ExportsError},
    milliseconds, now,
    store::{
        Meter, StoreError,
        accounts::{Accounts, Told},
    },
    tokens::{self, Rotated, Rotation, unguessable},
};
use domain::{
    accounts::UserId,
    audit::{Action, Event, EventId, Outcome},
};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};

use crate::{
    Config,
    config::ConfigError,
    lambda::run,
    telemetry::{Effort, Ids, JobSeen, Telemetry, trace_root},
};

/// Seconds.
const MONTH: i64 = 30 * 24 * 3600;

/// Serves the rotation of the signing keys: makes them where there are none, promotes them once a month, and, for the event
/// `{"emergency": true}`, replaces them, which signs everybody out.
#[must_use]
pub fn serve_rotation() -> ExitCode {
    serve("rotate-signing-key", async |config, event, meter| {
        let source = config.signing_keys.as_ref().ok_or(ConfigError::Missing("SIGNING_KEYS"))?;
        let accounts = Accounts::new(aws::from_environment(), config.tables.clone());
        let is_emergency = event.get("emergency") == Some(&Value::Bool(true));
        let rotation = if is_emergency { Rotation::Emergency } else { Rotation::Due(MONTH) };
        let rotated = tokens::rotate(&accounts, meter, source, rotation, now()).await?;
        Ok(json!({"outcome": match rotated {
            Rotated::Made => "made",
            Rotated::Promoted => "promoted",
            Rotated::Replaced => "replaced",
            Rotated::Rested => "rested",
        }}))
    })
}

/// Serves the end of deletions that were begun and cut off.
#[must_use]
pub fn serve_deletions() -> ExitCode {
    serve("finish-deletions", async |config, _, meter| {
        let accounts = Accounts::new(aws::from_environment(), config.tables.clone());
        let accounts = finish_deletions(&accounts, config.exports.as_ref(), meter).await?;
        Ok(json!({"outcome": "finished", "accounts": accounts}))
    })
}

/// Why a deletion could not be ended.
#[derive(Debug, thiserror::Error)]
pub enum NotFinished {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Exports(#[from] ExportsError),
}

/// Ends every deletion that was begun, exports included; how many there were.
///
/// # Errors
/// [`NotFinished`] when the engine, or S3, does not answer: the next call goes on.
pub async fn finish_deletions(
    accounts: &Accounts,
    exports: Option<&Exports>,
    meter: &Meter,
) -> Result<usize, NotFinished> {
    let begun = accounts.deletions(meter).await?;
    let mut failed = None;
    for user in &begun {
        // One that cannot be ended keeps no other from it.
        if let Err(error) = finish_deletion(accounts, exports, meter, *user, || step(*user)).await {
            failed.get_or_insert(error);
        }
    }
    failed.map_or(Ok(begun.len()), Err)
}

/// Ends the deletion of `user`, the export first: the last step takes away the note that there is something to be done.
///
/// # Errors
/// As [`finish_deletions`].
pub(crate) async fn finish_deletion(
    accounts: &Accounts,
    exports: Option<&Exports>,
    meter: &Meter,
    user: UserId,
    told: impl FnMut() -> Told,
) -> Result<(), NotFinished> {
    if let Some(exports) = exports {
        exports.delete(user).await?;
    }
    Ok(accounts.finish_deletion(meter, user, told).await?)
}

fn step(user: UserId) -> Told {
    Told::from(Event {
        id: EventId::new(milliseconds(), unguessable()),
        at: now(),
        actor: None,
        action: Action::DeleteAccount,
        target: Some(format!("user:{user}")),
        outcome: Outcome::Done,
        request_id: "finish-deletions".to_owned(),
    })
}

/// Serves `job` under Lambda: it answers what it did, and its line says what that took.
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
