//! The functions' logs: JSON lines on standard output, one object per line, whatever the values hold.
//!
//! There are two kinds of lines. `LOG_LEVEL` filters log messages (warnings, errors). It does not filter counted lines,
//! one for each request and each run of a job: CloudWatch extracts its metrics from them (embedded metric format), so a quiet log
//! loses none.

mod ids;
pub mod job;
mod line;
mod metrics;
mod output;
pub mod request;

use serde::Serialize;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

pub use ids::{Ids, trace_root};
pub use job::JobLine;
pub use line::Level;
use line::{JsonLines, line};
pub use metrics::{Directive, Effort, Metric, NAMESPACE, described, directive};
pub use output::LineReader;
use output::{DEPLOYMENT, print};
pub use request::{Events, RequestLine};

use crate::environment::Deployment;

/// The destination of counted lines. On one machine they are ordinary log messages; a function writes them itself.
#[derive(Clone, Copy, Debug, Default)]
pub enum Telemetry {
    /// Through `tracing`, at the level `info`.
    #[default]
    Message,
    /// To standard output, with metrics for CloudWatch.
    Counted,
    /// As [`Counted`](Self::Counted), and then to a reader in this process.
    Copied(&'static dyn LineReader),
}

impl Telemetry {
    /// Sets up a function's logging. `LOG_LEVEL` is a level, or levels by module (`info,adapters=debug`); `info` if it is absent
    /// or invalid.
    pub(crate) fn start(deployment: Deployment) -> Self {
        // A second call would be ignored; there is only one.
        let _ = DEPLOYMENT.set(deployment);
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

    /// Returns the destination that also passes every counted line to `reader`. The lines are those of a function in `deployment`, with
    /// metrics. For use on one machine; log messages are not affected.
    #[must_use]
    pub fn copied(deployment: Deployment, reader: &'static dyn LineReader) -> Self {
        // A second call would be ignored; there is only one.
        let _ = DEPLOYMENT.set(Deployment { metrics: true, ..deployment });
        Self::Copied(reader)
    }

    /// Writes the line of a request.
    pub(crate) fn request(self, record: &RequestLine<'_>) {
        match self {
            Self::Message => record.log_message(),
            Self::Counted | Self::Copied(_) => self.count(record.level(), "answered", &record.fields()),
        }
    }

    /// Writes the line of a job's run.
    pub fn job(self, record: &JobLine) {
        self.count(record.level(), "ran", &record.fields());
    }

    /// Writes a counted line with the message `msg`; on one machine, nothing.
    pub fn count(self, level: Level, msg: &str, fields: &impl Serialize) {
        match self {
            Self::Message => {}
            Self::Counted => print(&line(level, msg, fields)),
            Self::Copied(reader) => {
                let line = line(level, msg, fields);
                print(&line);
                reader.read(&line);
            }
        }
    }
}
