//! What the sync writes: only what differs, in groups that stand or fall together.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, Put, PutRequest, ReturnConsumedCapacity, TransactWriteItem, WriteRequest,
};
use domain::Timestamp;

use super::{
    Key, Meter, Store, StoreError,
    codec::{Item, keyed, malformed, packed, text},
    failed,
};

/// What DynamoDB takes in one BatchWriteItem.
const BATCH: usize = 25;

/// What is known of a stored item without reading its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub hash: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A record to be written under one key.
#[derive(Clone, Debug)]
pub struct NewItem {
    pub key: Key,
    /// JSON
    pub body: Vec<u8>,
    /// Whether the body is stored packed.
    pub packed: bool,
    pub hash: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl NewItem {
    /// Bytes of the body as it is given: what a transaction's 4 MB limit is reckoned with, on the safe side.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.body.len() + 200
    }

    fn into_item(self) -> Result<Item, StoreError> {
        let mut item = keyed(&self.key);
        let body = if self.packed {
            packed(&self.body).map_err(|error| malformed(&self.key, error))?
        } else {
            AttributeValue::S(String::from_utf8(self.body).map_err(|error| malformed(&self.key, error))?)
        };
        item.insert("body".to_owned(), body);
        item.insert("hash".to_owned(), AttributeValue::S(self.hash));
        item.insert("created_at".to_owned(), AttributeValue::N(self.created_at.unix().to_string()));
        item.insert("updated_at".to_owned(), AttributeValue::N(self.updated_at.unix().to_string()));
        Ok(item)
    }
}

impl Store {
    /// The heads of all items, by key. A Scan: for the sync alone, once a run.
    ///
    /// # Errors
    /// [`StoreError`] when the engine does not answer; so for all writes here.
    pub async fn heads(&self, meter: &Meter) -> Result<HashMap<Key, Head>, StoreError> {
        let mut heads = HashMap::new();
        let mut from = None;
        loop {
            meter.call();
            let page = self
                .client
                .scan()
                .table_name(&self.table)
                .projection_expression("pk, sk, #hash, created_at, updated_at")
                .expression_attribute_names("#hash", "hash")
                .consistent_read(true)
                .set_exclusive_start_key(from)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(failed("Scan"))?;
            meter.reads(page.consumed_capacity());
            for item in page.items() {
                let owned = |name: &str| text(item, name).unwrap_or_default().to_owned();
                let moment = |name: &str| {
                    Timestamp::from_unix(text(item, name).and_then(|n| n.parse().ok()).unwrap_or_default())
                };
                heads.insert(
                    Key { pk: owned("pk"), sk: owned("sk") },
                    Head {
                        hash: owned("hash"),
                        created_at: moment("created_at"),
                        updated_at: moment("updated_at"),
                    },
                );
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(heads);
            }
        }
    }

    /// Writes all of `items` (at most 100, no key twice) or none. Safe to repeat.
    pub async fn put_together(&self, meter: &Meter, items: Vec<NewItem>) -> Result<(), StoreError> {
        let mut puts = Vec::with_capacity(items.len());
        for item in items {
            let key = item.key.clone();
            let put = Put::builder().table_name(&self.table).set_item(Some(item.into_item()?)).build();
            puts.push(TransactWriteItem::builder().put(put.map_err(|error| malformed(&key, error))?).build());
        }
        meter.call();
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(puts))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed("TransactWriteItems"))
            .map_err(|error| match error {
                // Nothing here is conditioned: it was throttled, or met another transaction.
                StoreError::Conflict { operation } => {
                    StoreError::Unavailable { operation, cause: "the transaction was cancelled".to_owned() }
                }
                other => other,
            })?;
        meter.writes(answer.consumed_capacity());
        Ok(())
    }

    /// Writes `items`, each for itself. Safe to repeat.
    pub async fn put_each(&self, meter: &Meter, items: Vec<NewItem>) -> Result<(), StoreError> {
        let mut requests = Vec::with_capacity(items.len());
        for item in items {
            let key = item.key.clone();
            let put = PutRequest::builder().set_item(Some(item.into_item()?)).build();
            let put = put.map_err(|error| malformed(&key, error))?;
            requests.push(WriteRequest::builder().put_request(put).build());
        }
        self.batch(meter, requests).await
    }

    /// Deletes the items of `keys`; those that are gone already do no harm.
    pub async fn delete(&self, meter: &Meter, keys: Vec<Key>) -> Result<(), StoreError> {
        let mut requests = Vec::with_capacity(keys.len());
        for key in keys {
            let delete = DeleteRequest::builder().set_key(Some(keyed(&key))).build();
            let delete = delete.map_err(|error| malformed(&key, error))?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        self.batch(meter, requests).await
    }

    async fn batch(&self, meter: &Meter, requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        for chunk in requests.chunks(BATCH) {
            let mut waiting = chunk.to_vec();
            let mut pause = std::time::Duration::from_millis(50);
            for attempt in 0.. {
                meter.call();
                let answer = self
                    .client
                    .batch_write_item()
                    .request_items(&self.table, waiting)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
                    .await
                    .map_err(failed("BatchWriteItem"))?;
                meter.writes(answer.consumed_capacity());
                // What DynamoDB throttled comes back, to be asked again after a while.
                waiting = answer
                    .unprocessed_items
                    .and_then(|mut left| left.remove(&self.table))
                    .unwrap_or_default();
                if waiting.is_empty() {
                    break;
                }
                if attempt == 7 {
                    let cause = format!("{} items are still throttled after 8 attempts", waiting.len());
                    return Err(StoreError::Unavailable { operation: "BatchWriteItem", cause });
                }
                tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
                pause *= 2;
            }
        }
        Ok(())
    }

    pub(super) async fn put(&self, meter: &Meter, item: Item) -> Result<(), StoreError> {
        meter.call();
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed("PutItem"))?;
        meter.writes(answer.consumed_capacity.as_slice());
        Ok(())
    }

    /// Whether the bundled snapshot was loaded whole, and which one.
    pub async fn seeded(&self, meter: &Meter) -> Result<Option<String>, StoreError> {
        let item = self.get(meter, &Key::seed(), true).await?;
        Ok(item.and_then(|item| text(&item, "snapshot").map(str::to_owned)))
    }

    /// Says that the snapshot was loaded whole: written last.
    pub async fn mark_seeded(&self, meter: &Meter, snapshot: &str) -> Result<(), StoreError> {
        let mut item = keyed(&Key::seed());
        item.insert("snapshot".to_owned(), AttributeValue::S(snapshot.to_owned()));
        self.put(meter, item).await
    }
}
