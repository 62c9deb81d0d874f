//! The connection that all stores share, and the reads of one item and of one partition.

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ReturnConsumedCapacity},
};

use super::{
    error::{StoreError, failed},
    item::{Item, keyed},
    key::Key,
    meter::Meter,
    tables::Tables,
};

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
}
