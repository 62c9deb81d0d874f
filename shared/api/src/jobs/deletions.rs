//! The completion of interrupted deletions of accounts.

use std::process::ExitCode;

use adapters::{
    aws,
    export::Exports,
    milliseconds, now,
    s3::S3Error,
    store::{AccountStore, ChangeRecord, Meter, StoreError},
    tokens::unguessable,
};
use domain::{
    accounts::UserId,
    audit::{Action, Event, EventId, Outcome},
};
use door::{
    Problem,
    task::{Task, task},
};
use serde_json::{Value, json};

use super::{serve::serve_job, table::DELETIONS};
use crate::config::Config;

/// Serves the completion of interrupted deletions ([`delete`]).
#[must_use]
pub fn serve() -> ExitCode {
    serve_job(&DELETIONS, async |config, event, meter| {
        delete(&AccountStore::new(aws::from_environment(), config.door.tables.clone()), config, event, meter)
            .await
    })
}

/// Completes every interrupted deletion. `{"task": "check"}` counts them and changes nothing.
///
/// # Errors
/// [`BadEvent`](door::task::BadEvent) for an unknown event; [`NotFinished`].
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
            "tables": [config.door.tables.app, config.door.tables.ephemeral],
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
    Exports(#[from] S3Error),
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
    record: impl FnMut() -> ChangeRecord,
) -> Result<(), NotFinished> {
    if let Some(exports) = exports {
        exports.delete(user).await?;
    }
    Ok(accounts.finish_deletion(meter, user, record).await?)
}

fn step(user: UserId) -> ChangeRecord {
    ChangeRecord::from(Event {
        id: EventId::new(milliseconds(), unguessable()),
        at: now(),
        actor: None,
        action: Action::DeleteAccount,
        target: Some(format!("user:{user}")),
        outcome: Outcome::Done,
        request_id: DELETIONS.name.to_owned(),
    })
}

impl From<NotFinished> for Problem {
    fn from(error: NotFinished) -> Self {
        match error {
            NotFinished::Store(error) => error.into(),
            NotFinished::Exports(error) => error.into(),
        }
    }
}
