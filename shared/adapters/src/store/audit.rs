//! The items of audit events.

use aws_sdk_dynamodb::types::builders::PutBuilder;
use domain::{
    accounts::UserId,
    audit::{Action, Event, Outcome},
};

use super::{
    error::StoreError,
    item::{Item, ItemBuilder, Reader, text},
    key::Key,
    parts,
};

/// The partition of the events of `actor`.
pub(super) fn actor(actor: UserId) -> String {
    format!("ACTOR#{actor}")
}

fn key(event: &Event) -> Key {
    let pk = event.actor.map_or_else(|| format!("NOBODY#{:02}", event.shard()), actor);
    Key::new(pk, event.id.to_string())
}

/// A key that no event has.
pub(super) fn no_event() -> Key {
    Key::new("READY", "READY")
}

/// Puts an event, which must not exist: events are never changed.
pub(super) fn put(table: &str, event: &Event) -> PutBuilder {
    parts::put_new(table, item(event))
}

/// Reads an event.
pub(super) fn read(item: &Item) -> Result<Event, StoreError> {
    let part = |name: &str| text(item, name).unwrap_or_default().to_owned();
    let key = Key { pk: part("pk"), sk: part("sk") };
    let reader = Reader::of(&key, item);
    let named = |name: &str| Ok::<_, StoreError>(serde_json::Value::from(reader.text(name)?));
    Ok(Event {
        id: reader.parsed("sk")?,
        at: reader.moment("at")?,
        actor: text(item, "actor").map(|_| reader.parsed("actor")).transpose()?,
        // Events of a later release are listed as well.
        action: serde_json::from_value(named("action")?).unwrap_or(Action::Unknown),
        target: text(item, "target").map(str::to_owned),
        outcome: serde_json::from_value(named("outcome")?).unwrap_or(Outcome::Unknown),
        request_id: part("request_id"),
    })
}

/// The item of an event.
pub(super) fn item(event: &Event) -> ItemBuilder {
    let item = ItemBuilder::at(&key(event))
        .text("day", event.day())
        .moment("at", event.at)
        .text("action", spelled(&event.action))
        .text("outcome", spelled(&event.outcome))
        .text("request_id", &event.request_id);
    let item = match event.actor {
        Some(actor) => item.text("actor", actor.to_string()),
        None => item,
    };
    let item = match event.expires_at() {
        Some(expires_at) => item.moment("expires_at", expires_at),
        None => item,
    };
    match &event.target {
        Some(target) => item.text("target", target),
        None => item,
    }
}

/// The name of the value in JSON.
fn spelled(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
