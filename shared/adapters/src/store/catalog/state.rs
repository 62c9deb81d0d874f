//! The progress of a sync, and the lease that allows one writer at a time, in one item.

use aws_sdk_dynamodb::{
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{AttributeValue, ReturnConsumedCapacity},
};
use domain::Timestamp;

use super::store::CatalogStore;
use crate::store::{
    error::{StoreError, failed},
    item::{keyed, text},
    key::Key,
    meter::Meter,
};

/// The state item: the sync owns its JSON, the store owns the lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredState {
    /// The sync's state as JSON; empty before the first run.
    pub body: Vec<u8>,
    pub lease_until: Option<Timestamp>,
    /// The time of the last change of the published catalogue, whether its publication was completed or not.
    pub changed_at: Option<Timestamp>,
}

/// The longest time in seconds for which a lease can be taken.
pub const LONGEST_LEASE: i64 = 300;

/// The right to write the catalogue, until it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    owner: String,
    /// The length in seconds.
    length: i64,
}

impl CatalogStore {
    /// Returns the state of the last or the current sync.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn sync_state(&self, meter: &Meter) -> Result<StoredState, StoreError> {
        let item = self.get(meter, &Key::sync_state(), true).await?.unwrap_or_default();
        let moment = |name| text(&item, name).and_then(|n| n.parse().ok()).map(Timestamp::from_unix);
        Ok(StoredState {
            body: text(&item, "body").unwrap_or_default().as_bytes().to_vec(),
            lease_until: moment("lease_until"),
            changed_at: moment("changed_at"),
        })
    }

    /// Takes the lease for `length` seconds ([`LONGEST_LEASE`] at most), unless another owner holds one that has not
    /// expired.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] while another writer holds it.
    pub async fn take_lease(
        &self,
        meter: &Meter,
        owner: String,
        length: i64,
        now: Timestamp,
    ) -> Result<Lease, StoreError> {
        let lease = Lease { owner, length };
        let update = self
            .state_update(&lease, now)
            .condition_expression(
                "attribute_not_exists(lease_owner) OR lease_until < :now OR lease_owner = :owner OR lease_until > :latest",
            )
            // No lease is longer: this one was written by a clock that ran ahead.
            .expression_attribute_values(
                ":latest",
                AttributeValue::N(now.latest_expiry(LONGEST_LEASE).unix().to_string()),
            )
            .expression_attribute_values(":now", AttributeValue::N(now.unix().to_string()))
            .update_expression("SET lease_owner = :owner, lease_until = :until");
        self.send_state(meter, update).await?;
        Ok(lease)
    }

    /// Renews the lease.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it was lost: the caller must stop writing.
    pub async fn renew_lease(&self, meter: &Meter, lease: &Lease, now: Timestamp) -> Result<(), StoreError> {
        let update = self
            .state_update(lease, now)
            .condition_expression("lease_owner = :owner")
            .update_expression("SET lease_until = :until");
        self.send_state(meter, update).await
    }

    /// Records that the published catalogue changes now, and renews the lease.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the lease was lost: the caller must stop writing.
    pub async fn mark_changed(&self, meter: &Meter, lease: &Lease, now: Timestamp) -> Result<(), StoreError> {
        let update = self
            .state_update(lease, now)
            .condition_expression("lease_owner = :owner")
            .expression_attribute_values(":now", AttributeValue::N(now.unix().to_string()))
            .update_expression("SET lease_until = :until, changed_at = :now");
        self.send_state(meter, update).await
    }

    /// Writes the state and renews the lease.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the lease was lost: the caller must stop writing.
    pub async fn put_sync_state(
        &self,
        meter: &Meter,
        lease: &Lease,
        body: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = self
            .state_update(lease, now)
            .condition_expression("lease_owner = :owner")
            .expression_attribute_values(":body", AttributeValue::S(body.to_owned()))
            .update_expression("SET lease_owner = :owner, lease_until = :until, body = :body");
        self.send_state(meter, update).await
    }

    /// Releases the lease, so that the next run need not wait for it to expire.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it was already lost.
    pub async fn end_lease(&self, meter: &Meter, lease: &Lease) -> Result<(), StoreError> {
        let update = self
            .update()
            .condition_expression("lease_owner = :owner")
            .expression_attribute_values(":owner", AttributeValue::S(lease.owner.clone()))
            .update_expression("REMOVE lease_owner, lease_until");
        self.send_state(meter, update).await
    }

    /// Takes the lease away from its holder. Call it only if the holder cannot be alive any more.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn break_lease(&self, meter: &Meter) -> Result<(), StoreError> {
        let update = self
            .update()
            .condition_expression("attribute_exists(lease_owner)")
            .update_expression("REMOVE lease_owner, lease_until");
        match self.send_state(meter, update).await {
            // No writer holds it.
            Err(StoreError::Conflict { .. }) => Ok(()),
            other => other,
        }
    }

    /// An update of the item of the sync's state.
    fn update(&self) -> UpdateItemFluentBuilder {
        let update = self.database.client.update_item();
        update.table_name(self.table()).set_key(Some(keyed(&Key::sync_state())))
    }

    fn state_update(&self, lease: &Lease, now: Timestamp) -> UpdateItemFluentBuilder {
        let until = now.unix() + lease.length;
        self.update()
            .expression_attribute_values(":owner", AttributeValue::S(lease.owner.clone()))
            .expression_attribute_values(":until", AttributeValue::N(until.to_string()))
    }

    async fn send_state(&self, meter: &Meter, update: UpdateItemFluentBuilder) -> Result<(), StoreError> {
        meter.call();
        let update = update.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = update.send().await.map_err(failed("UpdateItem"))?;
        meter.writes(answer.consumed_capacity.as_slice());
        Ok(())
    }
}
