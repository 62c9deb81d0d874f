//! The trail.

use domain::audit::{Action, Event, Outcome};

use super::{Accounts, item::NewItem, keys};
use crate::store::{Meter, StoreError, codec::Item, failed};
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

impl Accounts {
    /// Notes an event that changed nothing: a sign-in that was refused.
    ///
    /// # Errors
    /// [`StoreError`] when the engine does not answer.
    pub async fn note(&self, meter: &Meter, event: &Event) -> Result<(), StoreError> {
        meter.call();
        let answer = self
            .client
            .put_item()
            .table_name(&self.tables.audit)
            .set_item(Some(item(event)))
            .condition_expression("attribute_not_exists(pk)")
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match answer.map_err(failed("PutItem")) {
            Ok(answer) => meter.writes(answer.consumed_capacity.as_slice()),
            // It is there: an earlier attempt's answer was lost.
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

pub(super) fn item(event: &Event) -> Item {
    let item = NewItem::at(&keys::event(event))
        .text("day", event.day())
        .moment("at", event.at)
        .text("action", action(event.action))
        .text("outcome", outcome(event.outcome))
        .text("request_id", &event.request_id);
    let item = match event.actor {
        Some(actor) => item.text("actor", actor.to_string()),
        None => item,
    };
    match &event.target {
        Some(target) => item.text("target", target),
        None => item,
    }
    .build()
}

fn action(action: Action) -> String {
    spelled(&action)
}

fn outcome(outcome: Outcome) -> String {
    spelled(&outcome)
}

/// As JSON spells it.
fn spelled(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
