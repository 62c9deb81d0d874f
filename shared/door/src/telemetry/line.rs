//! A log line: its format, and the conversion of `tracing`'s events to lines.

use std::fmt;

use domain::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

use super::{
    ids::{Ids, REQUEST},
    output::{deployment, print},
};

/// The longest value, in characters. Lambda truncates a line at 256 KB, and a truncated line is not valid JSON.
const LONGEST: usize = 4000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// The first fields of every line. An event's field of the same name is dropped.
#[derive(Serialize)]
struct Head<'a> {
    /// Named as in Lambda's own JSON logging.
    timestamp: Timestamp,
    level: Level,
    msg: &'a str,
    service: &'static str,
    env: &'static str,
    version: &'static str,
    release: &'static str,
    #[serde(flatten)]
    ids: Option<&'a Ids>,
}

const HEAD: [&str; 9] =
    ["timestamp", "level", "msg", "service", "env", "version", "release", "request_id", "trace_id"];

/// Returns a whole line with its line feed. `fields` is an object that has no field of [`HEAD`].
pub(super) fn line(level: Level, msg: &str, fields: &impl Serialize) -> String {
    let with = |ids: Option<&Ids>| {
        let (service, version, deployment) = ("pokedex", env!("CARGO_PKG_VERSION"), deployment());
        let (env, release) = (deployment.environment.name(), &*deployment.release);
        serde_json::to_string(&Head {
            timestamp: adapters::now(),
            level,
            msg,
            service,
            env,
            version,
            release,
            ids,
        })
    };
    let head = REQUEST.try_with(|ids| with(Some(ids))).unwrap_or_else(|_| with(None));
    let (Ok(mut line), Ok(fields)) = (head, serde_json::to_string(fields)) else { return String::new() };
    if fields.len() > 2 {
        // Joins the two objects into one.
        line.pop();
        line.push(',');
        line.push_str(&fields[1..]);
    }
    let mut line = escaped(line);
    line.push('\n');
    line
}

/// Escapes control characters that JSON permits unescaped, but that a terminal would execute or break the line at.
fn escaped(line: String) -> String {
    let is_odd =
        |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}');
    // A fast check that nearly all lines pass.
    if line.bytes().all(|byte| byte < 0x7f) {
        return line;
    }
    let mut plain = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        // Such characters occur only in strings, where an escape has the same meaning.
        if is_odd(c) { plain.push_str(&format!("\\u{:04x}", u32::from(c))) } else { plain.push(c) }
    }
    plain
}

/// Writes `tracing`'s events as lines.
pub(super) struct JsonLines;

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            tracing::Level::DEBUG => Level::Debug,
            tracing::Level::TRACE => Level::Trace,
        };
        print(&line(level, &fields.message, &fields.others));
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        if !HEAD.contains(&field.name()) {
            self.others.insert(field.name().to_owned(), value);
        }
    }

    fn add_text(&mut self, field: &Field, text: String) {
        self.add(field, Value::String(cut(text)));
    }
}

fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = cut(format!("{value:?}"));
        } else {
            self.add_text(field, format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field, value.to_owned());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::from(value));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    proptest! {
        #[test]
        fn a_line_is_one_json_object_whatever_it_holds(
            msg in "[\\x00-\\xff\\u2028-\\u202e]*", text in any::<String>(), number in any::<f64>(),
        ) {
            let line = line(Level::Warn, &msg, &json!({"text": text, "number": number}));
            prop_assert!(line.ends_with('\n') && !line.trim_end_matches('\n').contains(char::is_control));
            let read: Value = serde_json::from_str(&line).expect("JSON");
            prop_assert_eq!((&read["msg"], &read["text"]), (&json!(msg), &json!(text)));
            prop_assert_eq!(&read["level"], "WARN");
        }
    }

    /// Returns the fields that `work` has traced.
    fn traced(work: impl FnOnce()) -> Map<String, Value> {
        struct Seen(std::sync::Arc<std::sync::Mutex<Map<String, Value>>>);
        impl<S: Subscriber> Layer<S> for Seen {
            fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
                let mut fields = Fields::default();
                event.record(&mut fields);
                *self.0.lock().expect("a lock") = fields.others;
            }
        }
        let seen = std::sync::Arc::default();
        let subscriber = tracing_subscriber::registry().with(Seen(std::sync::Arc::clone(&seen)));
        tracing::subscriber::with_default(subscriber, work);
        seen.lock().expect("a lock").clone()
    }

    #[test]
    fn a_field_replaces_no_standard_field_and_a_long_value_is_truncated() {
        let long = "♀".repeat(100_000);
        let fields = traced(|| {
            tracing::error!(level = "FINE", timestamp = "yesterday", route = "get-thing", long, "odd");
        });
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["route", "long"]);
        assert!(fields["long"].as_str().is_some_and(|long| long.len() < LONGEST + 10));
        let read: Value = serde_json::from_str(&line(Level::Error, "odd", &fields)).expect("JSON");
        assert_eq!((&read["level"], &read["route"]), (&json!("ERROR"), &json!("get-thing")));
        assert_eq!((&read["service"], &read["env"]), (&json!("pokedex"), &json!("local")));
        assert!(line(Level::Info, "bare", &Map::new()).ends_with("\"}\n"));
    }
}
