//! The request of an administrator for a sync: one item, which the store of accounts writes with its event.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, builders::PutBuilder};
use domain::Timestamp;

use super::store::CatalogStore;
use crate::store::{
    error::{StoreError, failed},
    item::{ItemBuilder, keyed, text},
    key::Key,
    meter::Meter,
    parts,
};

/// The time in seconds after which a request that no run has carried out can be replaced: longer than the interval of the schedule.
pub const REQUEST_EXPIRES: i64 = 20 * 60;

/// Puts a request made `at`, if no other waits for a run.
pub(in crate::store) fn put_request(table: &str, body: &str, at: Timestamp) -> PutBuilder {
    let item = ItemBuilder::at(&Key::sync_request()).text("body", body).moment("requested_at", at);
    let expired = Timestamp::from_unix(at.unix() - REQUEST_EXPIRES);
    parts::put(table, item)
        .condition_expression("attribute_not_exists(pk) OR requested_at < :expired OR requested_at > :now")
        .expression_attribute_values(":expired", AttributeValue::N(expired.unix().to_string()))
        // A time in the future was written by a clock that ran ahead.
        .expression_attribute_values(":now", AttributeValue::N(at.unix().to_string()))
}

impl CatalogStore {
    /// Returns the request that waits for a run, a JSON text.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn sync_request(&self, meter: &Meter) -> Result<Option<String>, StoreError> {
        let item = self.get(meter, &Key::sync_request(), true).await?;
        Ok(item.and_then(|item| text(&item, "body").map(str::to_owned)))
    }

    /// Deletes the request made `at`, if it is still the current one.
    ///
    /// # Errors
    /// As [`Self::sync_request`].
    pub async fn forget_sync_request(&self, meter: &Meter, at: Timestamp) -> Result<(), StoreError> {
        meter.call();
        let deleted = self
            .database
            .client
            .delete_item()
            .table_name(self.table())
            .set_key(Some(keyed(&Key::sync_request())))
            .condition_expression("requested_at = :at")
            .expression_attribute_values(":at", AttributeValue::N(at.unix().to_string()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match deleted.map_err(failed("DeleteItem")) {
            Ok(deleted) => meter.writes(deleted.consumed_capacity.as_slice()),
            // Another invocation has deleted it, or a later request has replaced it.
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
