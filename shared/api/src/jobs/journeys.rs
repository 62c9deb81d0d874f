//! The probe from outside: plays the journeys of a reader and of a signed-in user at the public address, so that the name, the certificate,
//! the edge, the firewall, the API and its functions are all in the path.

mod account;
mod journey;
mod reader;
mod user;

use std::{
    process::ExitCode,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use adapters::{
    aws,
    store::{AccountStore, Meter},
    visitor::Visitor,
};
use door::{
    config::ConfigError,
    task::{BadEvent, Task, task},
};
use serde_json::{Value, json};

use account::Credentials;
use journey::{Failure, Journey};
use user::{Desk, Played, Session};

use super::{serve::serve_job, table::PROBE};
use crate::config::Config;

/// The time after which a run sends no further request. Lambda ends the function later.
const TIME: Duration = Duration::from_secs(40);

/// The session that an execution environment keeps from run to run. A run that dies takes it along.
#[derive(Default)]
pub struct Memory(Mutex<Option<Session>>);

impl Memory {
    fn take(&self) -> Option<Session> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps a session. A run that has none leaves that of another run.
    fn keep(&self, session: Option<Session>) {
        if session.is_some() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = session;
        }
    }
}

/// Serves the probe ([`probe`]).
#[must_use]
pub fn serve() -> ExitCode {
    let memory = Memory::default();
    serve_job(&PROBE, async move |config, event, meter| {
        let accounts = AccountStore::new(aws::from_environment(), config.door.tables.clone());
        probe(&memory, &accounts, config, event, meter).await
    })
}

/// Plays both journeys at the address that the event names. A failed step is a result and not an error: the metric of the line reports it,
/// and the next run is the retry. `{"task": "check"}` reads the turn and the secret, and sends no request.
///
/// # Errors
/// [`BadEvent`] for an unknown event; another error for an address that is not one of the web, or, of a check, if the engine or the secret
/// does not answer.
pub async fn probe(
    memory: &Memory,
    accounts: &AccountStore,
    config: &Config,
    event: &Value,
    meter: &Meter,
) -> Result<Value, lambda_runtime::Error> {
    let task = task(event, &[])?;
    let secret = config.probe_account.as_ref().ok_or(ConfigError::Missing("PROBE_ACCOUNT"))?;
    if task == Task::Check {
        let signed_in_at = accounts.probe_signed_in_at(meter).await?;
        return Ok(json!({
            "outcome": "checked",
            "tables": [config.door.tables.ephemeral],
            "account": Credentials::read(secret).await?.is_some(),
            "signed_in_at": signed_in_at,
        }));
    }
    let address = event["address"].as_str().ok_or(BadEvent::NoField("address"))?;
    let visitor = Visitor::new(address)?;
    let deadline = Instant::now() + TIME;
    // The journeys do not depend on each other: one that fails does not hide the other.
    let mut reading = Journey::new(&visitor, "reader", deadline);
    let read = reader::play(&mut reading).await;
    let mut using = Journey::new(&visitor, "user", deadline);
    let desk = Desk { accounts, meter, secret, run: format!("{:032x}", fastrand::u128(..)) };
    let mut session = memory.take();
    let used = user::play(&mut using, &desk, &mut session).await;
    memory.keep(session);
    Ok(outcome(&reading, &read, &using, &used))
}

/// Returns the report of a run, and logs each failed step.
fn outcome(
    reading: &Journey<'_>,
    read: &Result<Vec<String>, Failure>,
    using: &Journey<'_>,
    used: &Result<Played, Failure>,
) -> Value {
    let failures: Vec<&Failure> = read.as_ref().err().into_iter().chain(used.as_ref().err()).collect();
    for Failure { journey, step, status, request_id, milliseconds, reason, .. } in &failures {
        tracing::error!(
            journey,
            step,
            status,
            step_request_id = request_id,
            milliseconds,
            reason,
            "a step failed"
        );
    }
    json!({
        "outcome": if failures.is_empty() { "passed" } else { "failed" },
        "failed": u8::from(!failures.is_empty()),
        "failures": failures,
        "reader": {"steps": reading.steps, "milliseconds": reading.milliseconds(), "old": read.as_ref().ok()},
        "user": {"steps": using.steps, "milliseconds": using.milliseconds(), "played": used.as_ref().ok()},
    })
}
