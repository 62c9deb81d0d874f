//! The verification of a release: a deployment invokes it for each new version of a function, before the version receives traffic.

use std::{panic::AssertUnwindSafe, process::ExitCode, time::Duration};

use adapters::{
    aws::Endpoint,
    deployments::Deployments,
    invoke::Function,
    secrets::{self, SecretError},
};
use door::task::{BadEvent, Task, task};
use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{probe::Probe, serve::serve_job, table::VERIFICATION};
use crate::config::Config;

/// The event of a deployment.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Hook {
    deployment_id: String,
    lifecycle_event_hook_execution_id: String,
}

/// The longest time that a new version has for an answer: its first request includes a cold start.
const PATIENCE: Duration = Duration::from_secs(25);

/// Serves the verification of releases ([`verify`]).
#[must_use]
pub fn serve() -> ExitCode {
    serve_job(&VERIFICATION, async |config, event, _| {
        verify(config, &Deployments::from_environment(), event).await
    })
}

/// Probes the new version of the deployment that `event` names, and reports the result to the deployment. It reports also if it fails or
/// panics itself: a deployment without a report waits for an hour. `{"task": "check"}` reads the secret and changes nothing.
///
/// # Errors
/// If the event is unknown, or the report could not be sent.
pub async fn verify(
    config: &Config,
    deployments: &Deployments,
    event: &Value,
) -> Result<Value, lambda_runtime::Error> {
    if task(event, &[])? == Task::Check {
        let verified = origin_verify(config).await?.is_some();
        return Ok(json!({"outcome": "checked", "origin_verify": verified}));
    }
    let Hook { deployment_id: id, lifecycle_event_hook_execution_id: execution } =
        Hook::deserialize(event).map_err(|error| BadEvent::NotOfDeployment(error.to_string()))?;
    let result = AssertUnwindSafe(probe(config, deployments, &id)).catch_unwind().await;
    let result = result.unwrap_or_else(|_| Err("the verification panicked".to_owned()));
    deployments.report(&id, &execution, result.is_ok()).await?;
    Ok(match result {
        Ok(version) => json!({"outcome": "verified", "version": version}),
        Err(reason) => {
            tracing::error!(deployment = id, reason, "the release was rejected");
            json!({"outcome": "rejected", "reason": reason})
        }
    })
}

/// Probes the new version of the deployment `id`; returns its name.
async fn probe(config: &Config, deployments: &Deployments, id: &str) -> Result<String, String> {
    let new = deployments.new_version(id).await.map_err(|error| error.to_string())?;
    let prefix = format!("pokedex-{}-", config.door.deployment.environment);
    let verify = origin_verify(config).await.map_err(|error| error.to_string())?;
    let probe = new.function.strip_prefix(&prefix).and_then(|name| Probe::of(name, verify.as_deref()));
    let probe = probe.ok_or_else(|| format!("{} is not a function of this environment", new.function))?;
    let name = format!("{}:{}", new.function, new.version);
    let function = Function { name: name.clone(), endpoint: Endpoint::Environment };
    let event = serde_json::to_vec(&probe.event).map_err(|error| error.to_string())?;
    let answer = function.connect().ask(event, PATIENCE).await.map_err(|error| error.to_string())?;
    let answer: Value =
        serde_json::from_slice(&answer).map_err(|error| format!("{name} answered no JSON: {error}"))?;
    probe.compare(&answer).map_err(|reason| format!("{name} {reason}"))?;
    Ok(name)
}

/// Returns the value of `X-Origin-Verify`; `None` if the environment has none.
async fn origin_verify(config: &Config) -> Result<Option<String>, SecretError> {
    match &config.origin_verify {
        Some(name) => secrets::read(name).await,
        None => Ok(None),
    }
}
