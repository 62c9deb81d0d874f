//! What the functions say: one JSON object a line on standard output, whatever is in it.
//!
//! Two kinds of lines. What the program remarks on (warnings, errors) passes `LOG_LEVEL`. What it counts, one line for
//! each request and each sync, passes always: CloudWatch makes its metrics of these lines (embedded metric format), so
//! a quiet log loses none.

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
    /// Whose work the current task does.
    static REQUEST: Ids;
}

/// What ties lines to the request that they are about.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Ids {
    pub request_id: String,
    /// X-Ray's, from Lambda's context; on one machine, the client's.
    pub trace_id: Option<String>,
}

impl Ids {
    /// Those of the current task.
    #[cfg(test)]
    pub(crate) fn current() -> Option<Self> {
        REQUEST.try_with(Clone::clone).ok()
    }

    /// Runs `work`; every line that is written meanwhile has these ids.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        REQUEST.scope(self, work).await
    }
}

/// The root of an `X-Amzn-Trace-Id` (`Root=1-5759e988-bd862e3fe1be46a994272793;…`); none where it has another form: a
/// client may send what it likes.
#[must_use]
pub fn trace_root(header: &str) -> Option<String> {
    let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
    let well_formed = root.len() == 35
        && root.split('-').map(str::len).eq([1, 8, 24])
        && root.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    well_formed.then(|| root.to_owned())
}

/// Where counted lines go. On one machine they are remarks like any other; a function writes them itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telemetry {
    /// Through `tracing`, at the level `info`.
    #[default]
    Remarked,
    /// To standard output, with metrics for CloudWatch.
    Counted,
}

impl Telemetry {
    /// Sets up a function's lines. `LOG_LEVEL` is a level, or levels by module (`info,adapters=debug`); `info` where it is
    /// absent or neither.
    pub(crate) fn start(environment: Environment) -> Self {
        // The first caller's counts; there is but one.
        let _ = ENVIRONMENT.set(environment);
        // Not the other filter, which brings a whole engine for regular expressions.
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

/// One write a line: a line is never torn, and never waits in a buffer while Lambda freezes the process.
fn print(line: &str) {
    // Nobody is left to tell.
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
