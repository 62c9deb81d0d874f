//! The rotation of the signing keys.

use std::process::ExitCode;

use adapters::{
    aws, now,
    store::{Meter, accounts::AccountStore},
    tokens::{self, KeysError, Rotated, Rotation},
};
use door::{
    config::ConfigError,
    task::{Task, flag, task},
};
use serde_json::{Value, json};

use super::{serve::serve_job, table::ROTATION};
use crate::config::Config;

/// The time between rotations, in seconds.
const MONTH: i64 = 30 * 24 * 3600;

/// Serves the rotation of the signing keys ([`rotate`]).
#[must_use]
pub fn serve() -> ExitCode {
    serve_job(&ROTATION, async |config, event, meter| {
        rotate(&AccountStore::new(aws::from_environment(), config.door.tables.clone()), config, event, meter)
            .await
    })
}

/// Creates the signing keys if they do not exist, and promotes them once a month. The event `{"emergency": true}` replaces them,
/// which signs all users out. `{"task": "check"}` reads the keys and changes nothing.
///
/// # Errors
/// [`BadEvent`](door::task::BadEvent) for an unknown event; another error if the keys or the table cannot be read or written.
pub async fn rotate(
    accounts: &AccountStore,
    config: &Config,
    event: &Value,
    meter: &Meter,
) -> Result<Value, lambda_runtime::Error> {
    let task = task(event, &[])?;
    let source = config.door.signing_keys.as_ref().ok_or(ConfigError::Missing("SIGNING_KEYS"))?;
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
            "tables": [config.door.tables.app],
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
