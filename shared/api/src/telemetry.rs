//! The functions' logs: JSON lines on standard output, one object per line, whatever the values hold.
//!
//! There are two kinds of lines. `LOG_LEVEL` filters log messages (warnings, errors). It does not filter counted lines,
//! one for each request and each sync: CloudWatch extracts its metrics from them (embedded metric format), so a quiet log
//! loses none.

mod job;
mod line;
mod metrics;

use std::{io::Write as _, sync::OnceLock};

use serde::Serialize;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

pub use job::JobSeen;
pub use line::Level;
use line::{JsonLines, line};
pub use metrics::{Effort, RequestSeen, SyncSeen};

use crate::config::Environment;

tokio::task_local! {
    /// The ids of the request that the current task works for.
    static REQUEST: Ids;
}

/// The ids that relate a line to its request.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Ids {
    pub request_id: String,
    /// X-Ray's trace id, from Lambda's context; on one machine, the client's.
    pub trace_id: Option<String>,
}

impl Ids {
    /// Returns the ids of the current task.
    #[cfg(test)]
    pub(crate) fn current() -> Option<Self> {
        REQUEST.try_with(Clone::clone).ok()
    }

    /// Runs `work`. Every line that it writes has these ids.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        REQUEST.scope(self, work).await
    }
}

/// Returns the root of an `X-Amzn-Trace-Id` (`Root=1-5759e988-bd862e3fe1be46a994272793;…`); `None` if it is not well-formed,
/// because a client may send any value.
#[must_use]
pub fn trace_root(header: &str) -> Option<String> {
    let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
    let well_formed = root.len() == 35
        && root.split('-').map(str::len).eq([1, 8, 24])
        && root.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    well_formed.then(|| root.to_owned())
}

/// The destination of counted lines. On one machine they are ordinary log messages; a function writes them itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telemetry {
    /// Through `tracing`, at the level `info`.
    #[default]
    Remarked,
    /// To standard output, with metrics for CloudWatch.
    Counted,
}

impl Telemetry {
    /// Sets up a function's logging. `LOG_LEVEL` is a level, or levels by module (`info,adapters=debug`); `info` if it is absent
    /// or invalid.
    pub(crate) fn start(environment: Environment) -> Self {
        // A second call would be ignored; there is only one.
        let _ = ENVIRONMENT.set(environment);
        // `Targets` instead of `EnvFilter`, which depends on a regular-expression engine.
        let wanted = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse::<Targets>().ok());
        let filter = wanted.unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO));
        tracing_subscriber::registry().with(filter).with(JsonLines).init();
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let message = panic.payload_as_str().unwrap_or("no text");
            tracing::error!(place, panic = message, "panicked");
        }));
        Self::Counted
    }

    pub(crate) fn request(self, seen: &RequestSeen<'_>) {
        match self {
            Self::Remarked => seen.remark(),
            Self::Counted => print(&line(seen.level(), "answered", &seen.fields())),
        }
    }

    pub(crate) fn job(self, seen: &JobSeen) {
        match self {
            Self::Remarked => {}
            Self::Counted => print(&line(seen.level(), "ran", &seen.fields())),
        }
    }

    pub(crate) fn sync(self, seen: &SyncSeen, effort: Effort) {
        match self {
            Self::Remarked => {}
            Self::Counted => print(&line(seen.level(), "synced", &seen.fields(effort))),
        }
    }
}

static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();

fn environment() -> Environment {
    ENVIRONMENT.get().copied().unwrap_or(Environment::Local)
}

/// Writes a line with one call: a line is never torn, and never waits in a buffer while Lambda freezes the process.
fn print(line: &str) {
    // An error here cannot be reported anywhere.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_root_is_a_trace_id() {
        let root = "1-5759e988-bd862e3fe1be46a994272793";
        for header in
            [format!("Root={root}"), format!("Self=1-x;Root={root};Parent=53995c3f42cd8ad8;Sampled=1")]
        {
            assert_eq!(trace_root(&header).as_deref(), Some(root), "{header}");
        }
        for header in ["", "Root=", "Root=1-5759e988", root, "Root=1-5759e988-bd862e3fe1be46a99427279\n"] {
            assert_eq!(trace_root(header), None, "{header:?}");
        }
    }
}
