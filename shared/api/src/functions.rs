//! The functions by name: one for each route and each scheduled job. All of them run the same program.
//!
//! Lambda passes the name in `_HANDLER`, from the setting `Handler` of the function. Without that variable, as under `cargo lambda watch`,
//! the program serves every route.

use std::{env, process::ExitCode};

use crate::{
    jobs::{DELETIONS, ROTATION, SYNC, deletions, rotation},
    lambda, routes, sync,
};

/// The variable with the name of the function.
pub const HANDLER: &str = "_HANDLER";

/// The scheduled jobs, each with what serves it.
const JOBS: [(&str, fn() -> ExitCode); 3] =
    [(SYNC.name, sync::serve), (ROTATION.name, rotation::serve), (DELETIONS.name, deletions::serve)];

/// Serves the function that `_HANDLER` names, or every route, until Lambda ends the process. The program's `main` does nothing else.
#[must_use]
pub fn serve() -> ExitCode {
    let name = env::var(HANDLER).unwrap_or_default();
    if name.is_empty() {
        return lambda::serve_all();
    }
    if let Some(route) = routes::named(&name) {
        return lambda::serve(route);
    }
    if let Some((_, serve)) = JOBS.iter().find(|(job, _)| *job == name) {
        return serve();
    }
    eprintln!("pokedex: {HANDLER} is {name:?}, which is not the name of a function");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheduled_job_is_served() {
        let served: Vec<_> = JOBS.iter().map(|(name, _)| *name).collect();
        assert_eq!(served, crate::jobs::JOBS.iter().map(|job| job.name).collect::<Vec<_>>());
    }
}
