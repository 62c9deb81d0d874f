//! A line: its shape, and how `tracing`'s events become one.

use std::fmt;

use domain::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

use super::{environment, print, with_ids};

/// Characters of one value: Lambda cuts a line at 256 KB, and half a line is no JSON.
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

/// What every line begins with; a field of the same name does not count.
#[derive(Serialize)]
struct Head<'a> {
    ts: Timestamp,
    level: Level,
    msg: &'a str,
    service: &'static str,
    env: &'static str,
    version: &'static str,
}

/// A whole line, its end included.
pub(super) fn line(level: Level, msg: &str, fields: Map<String, Value>) -> String {
    let head = Head {
        ts: adapters::now(),
        level,
        msg,
        service: "pokedex",
        env: environment().name(),
        version: env!("CARGO_PKG_VERSION"),
    };
    let Ok(Value::Object(mut all)) = serde_json::to_value(head) else { return String::new() };
    with_ids(&mut all);
    for (name, value) in fields {
        if !all.contains_key(&name) {
            all.insert(name, shortened(value));
        }
    }
    format!("{}\n", Value::Object(all))
}

fn shortened(value: Value) -> Value {
    match value {
        Value::String(mut text) if text.len() > LONGEST => {
            text.truncate(text.floor_char_boundary(LONGEST));
            text.push('…');
            Value::String(text)
        }
        other => other,
    }
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
        print(&line(level, &fields.message, fields.others));
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        self.others.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.add(field, Value::from(format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::from(value));
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

    use super::*;

    proptest! {
        #[test]
        fn a_line_is_one_json_object_whatever_it_holds(
            msg in any::<String>(), name in any::<String>(), text in any::<String>(), number in any::<f64>(),
        ) {
            let fields = [(name, json!(text)), ("number".to_owned(), json!(number))].into_iter().collect();
            let line = line(Level::Warn, &msg, fields);
            prop_assert!(line.ends_with('\n') && !line.trim_end_matches('\n').contains(['\n', '\r']));
            let read: Value = serde_json::from_str(&line).expect("JSON");
            prop_assert_eq!(&read["msg"], &json!(msg));
            prop_assert_eq!(&read["level"], "WARN");
        }
    }

    #[test]
    fn a_field_does_not_replace_what_every_line_has() {
        let fields = [("level", "FINE"), ("ts", "yesterday"), ("route", "get-move")];
        let fields = fields.map(|(name, value)| (name.to_owned(), json!(value))).into_iter().collect();
        let read: Value = serde_json::from_str(&line(Level::Error, "odd", fields)).expect("JSON");
        assert_eq!((&read["level"], &read["route"]), (&json!("ERROR"), &json!("get-move")));
        assert_ne!(read["ts"], "yesterday");
        assert_eq!((&read["service"], &read["env"]), (&json!("pokedex"), &json!("local")));
    }

    #[test]
    fn a_value_without_end_is_cut() {
        let fields = [("cause".to_owned(), json!("♀".repeat(100_000)))].into_iter().collect();
        assert!(line(Level::Error, "long", fields).len() < LONGEST + 500);
    }
}
