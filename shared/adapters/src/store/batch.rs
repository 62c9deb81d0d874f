//! The deletion of many items.

use std::time::Duration;

use aws_sdk_dynamodb::types::{DeleteRequest, ReturnConsumedCapacity, WriteRequest};
use backon::{BackoffBuilder as _, ExponentialBuilder};

use super::{
    database::Database,
    error::{StoreError, failed, malformed},
    item::keyed,
    key::Key,
    meter::Meter,
};

/// The maximum number of items in one BatchWriteItem.
const BATCH: usize = 25;

impl Database {
    /// Deletes the items of `keys`, which must differ; items that do not exist are ignored.
    pub(super) async fn delete(&self, meter: &Meter, table: &str, keys: &[Key]) -> Result<(), StoreError> {
        let mut requests = Vec::with_capacity(keys.len());
        for key in keys {
            let delete = DeleteRequest::builder().set_key(Some(keyed(key))).build();
            let delete = delete.map_err(|error| malformed(key, error))?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        for chunk in requests.chunks(BATCH) {
            self.write(meter, table, chunk.to_vec()).await?;
        }
        Ok(())
    }

    /// Makes all requests of one batch.
    async fn write(
        &self,
        meter: &Meter,
        table: &str,
        mut waiting: Vec<WriteRequest>,
    ) -> Result<(), StoreError> {
        let mut pauses = pauses();
        loop {
            meter.call();
            let answer = self
                .client
                .batch_write_item()
                .request_items(table, waiting)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(failed("BatchWriteItem"))?;
            meter.writes(answer.consumed_capacity());
            // DynamoDB returns the requests that it throttled; they are repeated after a pause.
            waiting = answer.unprocessed_items.and_then(|mut left| left.remove(table)).unwrap_or_default();
            if waiting.is_empty() {
                return Ok(());
            }
            let Some(pause) = pauses.next() else {
                let cause = format!("{} items are still throttled after 8 attempts", waiting.len());
                return Err(StoreError::Unavailable { operation: "BatchWriteItem", cause });
            };
            tokio::time::sleep(pause).await;
        }
    }
}

/// The pauses before the retries of operations that DynamoDB throttled.
fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(5))
        .with_max_times(7)
        .with_jitter()
        .build()
}
