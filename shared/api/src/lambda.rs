//! The entry points of routes under Lambda.

use std::process::ExitCode;

use adapters::aws;
use door::{Route, Router, lambda, telemetry::Telemetry};

use crate::{
    app::App,
    config::Config,
    routes::{self, ANSWER_UNKNOWN},
};

/// Serves `route` until Lambda ends the process.
#[must_use]
pub fn serve(route: &'static Route<App>) -> ExitCode {
    run(async move |config, telemetry| lambda::serve(&app(config, telemetry), route).await)
}

/// Serves every route until the process ends.
pub(crate) fn serve_all() -> ExitCode {
    run(async |config, telemetry| {
        let router = Router::new(routes::all(), ANSWER_UNKNOWN)?;
        lambda::serve_all(&app(config, telemetry), &router).await
    })
}

fn app(config: Config, telemetry: Telemetry) -> App {
    let mut app = App::new(config, aws::from_environment);
    app.kernel.telemetry = telemetry;
    app
}

/// Runs `main` under Lambda with the configuration from the environment.
pub(crate) fn run<F>(main: impl FnOnce(Config, Telemetry) -> F) -> ExitCode
where
    F: Future<Output = Result<(), lambda_runtime::Error>>,
{
    let config = Config::from_env();
    lambda::run(config.map(|config| (config.door.environment, config)), main)
}
