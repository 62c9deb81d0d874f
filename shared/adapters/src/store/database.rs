//! The connection that all stores share, and the reads of one item and of one partition.

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity},
};

use super::{
    error::{StoreError, failed, malformed},
    item::{Item, keyed, text},
    key::Key,
    meter::Meter,
    tables::Tables,
};

/// The maximum number of items in one BatchGetItem.
const BATCH: usize = 100;

/// A client, and the tables that it accesses.
#[derive(Clone, Debug)]
pub(super) struct Database {
    pub(super) client: Client,
    pub(super) tables: Tables,
}

impl Database {
    /// Reads one item: one GetItem.
    pub(super) async fn get(
        &self,
        meter: &Meter,
        table: &str,
        key: &Key,
        consistent: bool,
    ) -> Result<Option<Item>, StoreError> {
        meter.call();
        let answer = self
            .client
            .get_item()
            .table_name(table)
            .set_key(Some(keyed(key)))
            .consistent_read(consistent)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed("GetItem"))?;
        meter.reads(answer.consumed_capacity());
        Ok(answer.item)
    }

    /// Reads the items of `keys` that exist, in no particular order: one BatchGetItem per 100 keys, which must differ.
    pub(super) async fn batch(
        &self,
        meter: &Meter,
        table: &str,
        keys: &[Key],
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(BATCH) {
            let mut wanted = KeysAndAttributes::builder();
            for key in chunk {
                wanted = wanted.keys(keyed(key));
            }
            let wanted = wanted.build().map_err(|error| malformed(&chunk[0], error))?;
            meter.call();
            let answer = self
                .client
                .batch_get_item()
                .request_items(table, wanted)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(failed("BatchGetItem"))?;
            answer.consumed_capacity().iter().for_each(|capacity| meter.reads(Some(capacity)));
            let left = answer.unprocessed_keys.unwrap_or_default().remove(table);
            items.extend(answer.responses.unwrap_or_default().remove(table).unwrap_or_default());
            if left.is_some_and(|left| !left.keys.is_empty()) {
                let cause = "some keys were throttled".to_owned();
                return Err(StoreError::Unavailable { operation: "BatchGetItem", cause });
            }
        }
        Ok(items)
    }

    /// Returns every item of a partition whose sort key begins with `prefix`, in their order, read consistently: one Query per megabyte.
    pub(super) async fn partition(
        &self,
        meter: &Meter,
        table: &str,
        pk: &str,
        prefix: &str,
    ) -> Result<Vec<Item>, StoreError> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let mut items = Vec::new();
        let mut from = None;
        loop {
            let query = self.client.query().table_name(table).expression_attribute_values(":pk", text(pk));
            // DynamoDB rejects an empty prefix for a sort key.
            let query = match prefix {
                "" => query.key_condition_expression("pk = :pk"),
                prefix => query
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":prefix", text(prefix)),
            };
            meter.call();
            let page = query
                .consistent_read(true)
                .set_exclusive_start_key(from)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(failed("Query"))?;
            meter.reads(page.consumed_capacity());
            items.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(items);
            }
        }
    }

    /// Reads at most `limit` items of `table` after the key `after`, consistently, and the position behind them; `None` at the end: one
    /// Scan. Requests never call it.
    pub(super) async fn page(
        &self,
        meter: &Meter,
        table: &str,
        after: Option<&Key>,
        limit: i32,
    ) -> Result<(Vec<Item>, Option<Key>), StoreError> {
        meter.call();
        let answer = self
            .client
            .scan()
            .table_name(table)
            .consistent_read(true)
            .limit(limit)
            .set_exclusive_start_key(after.map(keyed))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed("Scan"))?;
        meter.reads(answer.consumed_capacity());
        let next =
            answer.last_evaluated_key.and_then(|last| Some(Key::new(text(&last, "pk")?, text(&last, "sk")?)));
        Ok((answer.items.unwrap_or_default(), next))
    }
}
