//! The log of the whole suite, whatever its level: no password, token, address or key may ever stand in it.

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

/// What stands in passwords, tokens, hashes, keys and addresses of these tests, and in nothing else.
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

/// A test that panicked here would be an answer of 500 to somebody: the whole program ends instead.
fn search(line: &str) {
    if let Some(secret) = SECRETS.iter().find(|secret| line.contains(**secret)) {
        eprintln!("{secret:?} stands in the log: {line}");
        std::process::exit(101);
    }
}

/// Watches the log of this process from now on, as quiet as `debug` is, which no deployment goes below.
pub(crate) fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // What the engines remark on is no log of the product's.
        let own = Targets::new()
            .with_default(LevelFilter::DEBUG)
            .with_targets(["dynoxide", "s3s", "s3s_fs"].map(|engine| (engine, LevelFilter::OFF)));
        let watched = tracing_subscriber::registry().with(Watch.with_filter(own));
        // Nobody else has one: tests of the product's own log start programs.
        tracing::subscriber::set_global_default(watched).expect("the first");
    });
}
