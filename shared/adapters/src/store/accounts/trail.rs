//! The audit trail.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::{
    accounts::UserId,
    audit::{Event, EventId, SHARDS, day},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{condition::Refused, store::AccountStore};
use crate::store::{
    audit,
    error::{StoreError, failed},
    item::{Item, readable, text},
    meter::Meter,
    transaction::Transaction,
};

impl AccountStore {
    /// Records an event that changed nothing, such as a rejected sign-in.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn note(&self, meter: &Meter, event: &Event) -> Result<(), StoreError> {
        meter.call();
        let answer = self
            .database
            .client
            .put_item()
            .table_name(&self.database.tables.audit)
            .set_item(Some(audit::item(event).build()))
            .condition_expression("attribute_not_exists(pk)")
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match answer.map_err(failed("PutItem")) {
            Ok(answer) => meter.writes(answer.consumed_capacity.as_slice()),
            // The event is already stored: the answer to an earlier attempt was lost.
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Reads the table of the trail, and no event: one call of half a unit.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn check_trail(&self, meter: &Meter) -> Result<(), StoreError> {
        let table = &self.database.tables.audit;
        self.database.get(meter, table, &audit::no_event(), false).await.map(|_| ())
    }

    /// Records an action of `user` that changes nothing stored, if the account is still active.
    ///
    /// # Errors
    /// [`Condition::Active`](super::Condition::Active) for an account that is frozen or being deleted.
    pub async fn note_by(&self, meter: &Meter, user: UserId, event: Event) -> Result<(), Refused> {
        Transaction::recorded(&self.database, &event.into()).by(user).commit(meter).await
    }

    /// Returns the actions of `actor`, the latest first: at most `limit` events before the event `before`. One call.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer; the same holds for all reads here.
    pub async fn trail_of(
        &self,
        meter: &Meter,
        actor: UserId,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<EventPage, StoreError> {
        let items = self.events(meter, None, "pk", audit::actor(actor), before, limit + 1).await?;
        Ok(EventPage::cut(&items, limit))
    }

    /// Returns the events of a day (`2026-11-23`), in the same way. One call per shard of the day.
    pub async fn trail_on(
        &self,
        meter: &Meter,
        date: &str,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<EventPage, StoreError> {
        let shards = (0..SHARDS)
            .map(|shard| self.events(meter, Some("by-day"), "#day", day(date, shard), before, limit + 1));
        let shards: Vec<Vec<Item>> = stream::iter(shards).buffered(usize::from(SHARDS)).try_collect().await?;
        let mut items: Vec<Item> = shards.into_iter().flatten().collect();
        items.sort_by(|one, other| text(other, "sk").cmp(&text(one, "sk")));
        Ok(EventPage::cut(&items, limit))
    }

    async fn events(
        &self,
        meter: &Meter,
        index: Option<&str>,
        name: &str,
        partition: String,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Item>, StoreError> {
        meter.call();
        let condition =
            if before.is_some() { format!("{name} = :pk AND sk < :before") } else { format!("{name} = :pk") };
        let mut query = self
            .database
            .client
            .query()
            .table_name(&self.database.tables.audit)
            .set_index_name(index.map(str::to_owned))
            .key_condition_expression(condition)
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if let Some(before) = before {
            query = query.expression_attribute_values(":before", AttributeValue::S(before.to_string()));
        }
        if name.starts_with('#') {
            query = query.expression_attribute_names("#day", "day");
        }
        let answer = query.send().await.map_err(failed("Query"))?;
        meter.reads(answer.consumed_capacity());
        Ok(answer.items.unwrap_or_default())
    }
}

/// A page of events, the latest first.
#[derive(Clone, Debug)]
pub struct EventPage {
    pub events: Vec<Event>,
    /// The last event of the page, if more follow.
    pub next: Option<EventId>,
}

impl EventPage {
    /// Returns the first `limit` of `items`.
    fn cut(items: &[Item], limit: u32) -> Self {
        let page = &items[..items.len().min(limit as usize)];
        let next = page.last().filter(|_| items.len() > page.len()).and_then(|last| text(last, "sk"));
        Self { events: readable(page, audit::read), next: next.and_then(|id| id.parse().ok()) }
    }
}
