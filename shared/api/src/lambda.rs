//! The setup of a function under Lambda.

use std::process::ExitCode;

use door::{lambda, telemetry::Telemetry};

use crate::config::Config;

/// Runs `main` under Lambda with the configuration from the environment.
pub(crate) fn run<F>(main: impl FnOnce(Config, Telemetry) -> F) -> ExitCode
where
    F: Future<Output = Result<(), lambda_runtime::Error>>,
{
    let config = Config::from_env();
    lambda::run(config.map(|config| (config.door.deployment.clone(), config)), main)
}
