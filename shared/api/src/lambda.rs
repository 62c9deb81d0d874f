//! The entry point of a route's binary.

use std::process::ExitCode;

use adapters::aws;
use door::{Route, lambda, telemetry::Telemetry};

use crate::{app::App, config::Config};

/// Serves `route` until Lambda ends the process. A binary's `main` does nothing else.
#[must_use]
pub fn serve(route: &'static Route<App>) -> ExitCode {
    run(async move |config, telemetry| {
        let mut app = App::new(config, aws::from_environment);
        app.kernel.telemetry = telemetry;
        lambda::serve(&app, route).await
    })
}

/// Runs `main` under Lambda with the configuration from the environment.
pub(crate) fn run<F>(main: impl FnOnce(Config, Telemetry) -> F) -> ExitCode
where
    F: Future<Output = Result<(), lambda_runtime::Error>>,
{
    let config = Config::from_env();
    lambda::run(config.map(|config| (config.door.environment, config)), main)
}
