//! The functions by name: one for each route and each scheduled job. All of them run the same program.
//!
//! Lambda passes the name in `_HANDLER`, from the setting `Handler` of the function. Without that variable, as under `cargo lambda watch`,
//! the program serves every route.

use std::{env, process::ExitCode};

use adapters::aws;
use door::{Route, Router, telemetry::Telemetry};

use crate::{
    app::App,
    config::Config,
    jobs::{
        DELETIONS, INVALIDATION, MIGRATION, MIRROR, ORPHANS, PROBE, ROTATION, SYNC, VERIFICATION, deletions,
        invalidation, journeys, migration, mirror, orphans, rotation, verification,
    },
    lambda::run,
    routes::{self, ANSWER_UNKNOWN},
    sync,
};

/// The variable with the name of the function.
pub const HANDLER: &str = "_HANDLER";

/// The name of a job, and the function that serves it.
type ServedJob = (&'static str, fn() -> ExitCode);

/// The jobs.
const SERVED_JOBS: [ServedJob; 9] = [
    (SYNC.name, sync::serve),
    (ROTATION.name, rotation::serve),
    (DELETIONS.name, deletions::serve),
    (INVALIDATION.name, invalidation::serve),
    (MIRROR.name, mirror::serve),
    (ORPHANS.name, orphans::serve),
    (PROBE.name, journeys::serve),
    (MIGRATION.name, migration::serve),
    (VERIFICATION.name, verification::serve),
];

/// Serves the function that `_HANDLER` names, or every route, until Lambda ends the process. The program's `main` does nothing else.
#[must_use]
pub fn serve() -> ExitCode {
    let Some(name) = env::var_os(HANDLER).filter(|name| !name.is_empty()) else {
        return serve_every_route();
    };
    let name = name.to_string_lossy();
    if let Some(route) = routes::named(&name) {
        return serve_route(route);
    }
    if let Some((_, serve)) = SERVED_JOBS.iter().find(|(job, _)| *job == name) {
        return serve();
    }
    eprintln!("pokedex: {HANDLER} is {name:?}, which is not the name of a function");
    ExitCode::FAILURE
}

/// Serves `route` until Lambda ends the process.
#[must_use]
pub fn serve_route(route: &'static Route<App>) -> ExitCode {
    run(async move |config, telemetry| door::lambda::serve(&app(config, telemetry), route).await)
}

/// Serves every route until the process ends.
fn serve_every_route() -> ExitCode {
    run(async |config, telemetry| {
        let router = Router::new(routes::all(), ANSWER_UNKNOWN)?;
        door::lambda::serve_all(&app(config, telemetry), &router).await
    })
}

fn app(config: Config, telemetry: Telemetry) -> App {
    let mut app = App::new(config, aws::from_environment);
    app.kernel.telemetry = telemetry;
    app
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_served() {
        let served: Vec<_> = SERVED_JOBS.iter().map(|(name, _)| *name).collect();
        assert_eq!(served, crate::jobs::JOBS.iter().map(|job| job.name).collect::<Vec<_>>());
    }
}
