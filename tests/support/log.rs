//! The log of the whole suite, at every level: it must never contain a password, token, address or key.

use std::{
    fmt::{self, Write as _},
    sync::Once,
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    layer::{Context, SubscriberExt as _},
    registry::LookupSpan,
};

/// Texts that occur in passwords, tokens, hashes, keys and addresses of these tests, and in nothing else.
pub const SECRETS: [&str; 9] = [
    "pallet town",
    "cerulean city",
    "correct horse",
    "rt_",
    "eyJ",
    "$argon2",
    "pkcs8",
    "@example.com",
    "X-Amz-Signature=",
];

struct Watch;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Watch {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let mut line = Line(attributes.metadata().target().to_owned());
        attributes.record(&mut line);
        search(&line.0);
    }

    fn on_record(&self, _: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        search(&line.0);
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        search(&line.0);
    }
}

/// A panic here would become a 500 response in the test that caused it: instead, the whole program ends.
fn search(line: &str) {
    if let Some(secret) = SECRETS.iter().find(|secret| line.contains(**secret)) {
        eprintln!("{secret:?} is in the log: {line}");
        std::process::exit(101);
    }
}

/// Watches the log of this process from now on, at level `debug`, the most detailed level of any deployment.
pub(crate) fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // Log lines of the engines are not part of the product's log.
        let filter = Targets::new()
            .with_default(LevelFilter::DEBUG)
            .with_targets(["dynoxide", "s3s", "s3s_fs"].map(|engine| (engine, LevelFilter::OFF)));
        let watched = tracing_subscriber::registry().with(Watch.with_filter(filter));
        // No other test sets a subscriber: tests of the product's own log start programs.
        tracing::subscriber::set_global_default(watched).expect("the first");
    });
}
