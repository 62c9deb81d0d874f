//! The change of the shape of stored accounts to another version.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use adapters::{
    aws,
    store::{AccountStore, Meter, Schema, accounts::SERVED},
};
use door::task::{BadEvent, Task, task};
use serde_json::{Value, json};

use super::{serve::serve_job, table::MIGRATION};
use crate::config::Config;

/// The time that one invocation works. The caller repeats it until the accounts have the version, and reports the progress.
const PATIENCE: Duration = Duration::from_secs(20);

/// Serves the migration ([`migrate`]).
#[must_use]
pub fn serve() -> ExitCode {
    serve_job(&MIGRATION, async |config, event, meter| {
        let accounts = AccountStore::new(aws::from_environment(), config.door.tables.clone());
        migrate(&accounts, config, event, meter).await
    })
}

/// Brings the stored accounts to the version `to` of the event `{"task": "migrate", "to": 3}`, up or down, for at most 20 seconds. The
/// outcome is `migrated`, or `continues` if another event must follow. `{"task": "check"}` reads the version and changes nothing.
///
/// # Errors
/// [`BadEvent`] for an unknown event; another error if the table cannot be read or written: the next event continues.
pub async fn migrate(
    accounts: &AccountStore,
    config: &Config,
    event: &Value,
    meter: &Meter,
) -> Result<Value, lambda_runtime::Error> {
    match task(event, &[TASK])? {
        Task::Check => {
            let schema = accounts.schema(meter).await?;
            Ok(report("checked", &schema, json!({"tables": [config.door.tables.app]})))
        }
        Task::Scheduled => Err(BadEvent::NoTask(TASK).into()),
        Task::Own(_) => {
            let wanted = wanted(event)?;
            let brought = accounts.bring(meter, wanted, Instant::now() + PATIENCE).await?;
            let outcome = if brought.is_done { "migrated" } else { "continues" };
            Ok(report(outcome, &brought.schema, json!({"steps": brought.changes})))
        }
    }
}

const TASK: &str = "migrate";

/// Returns the version that the event names. The functions beside this one must be able to serve with it.
fn wanted(event: &Value) -> Result<u32, BadEvent> {
    let version =
        event["to"].as_u64().and_then(|to| SERVED.into_iter().find(|served| u64::from(*served) == to));
    version.ok_or_else(|| {
        let served: Vec<_> = SERVED.map(|version| version.to_string()).collect();
        BadEvent::NotOneOf("to", served.join(", "))
    })
}

/// An answer with the version of the accounts, and the pass that has not ended.
fn report(outcome: &str, schema: &Schema, more: Value) -> Value {
    let mut report = json!({"outcome": outcome, "version": schema.version});
    if let Some(pass) = &schema.pass {
        report["pass"] = json!({"to": pass.to, "seen": pass.seen});
    }
    if let (Some(report), Value::Object(more)) = (report.as_object_mut(), more) {
        report.extend(more);
    }
    report
}
