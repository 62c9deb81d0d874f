//! The progress of the sync and of the mirror, each in one item with the lease that allows one writer at a time.

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

/// A state item: the sync or the mirror owns its JSON, the store owns the lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredState {
    /// The state as JSON; empty before the first run.
    pub body: Vec<u8>,
    pub lease_until: Option<Timestamp>,
    /// The time of the last change of the published catalogue, whether its publication was completed or not.
    pub changed_at: Option<Timestamp>,
}

/// The longest time in seconds for which a lease can be taken.
pub const LONGEST_LEASE: i64 = 300;

/// The right to write the catalogue, or the manifest of assets, until it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The item that holds it.
    key: Key,
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
        self.state_at(meter, &Key::sync_state()).await
    }

    /// Returns the state of the last or the current run of the mirror.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn mirror_state(&self, meter: &Meter) -> Result<StoredState, StoreError> {
        self.state_at(meter, &Key::mirror_state()).await
    }

    async fn state_at(&self, meter: &Meter, key: &Key) -> Result<StoredState, StoreError> {
        let item = self.get(meter, key, true).await?.unwrap_or_default();
        let moment = |name| text(&item, name).and_then(|n| n.parse().ok()).map(Timestamp::from_unix);
        Ok(StoredState {
            body: text(&item, "body").unwrap_or_default().as_bytes().to_vec(),
            lease_until: moment("lease_until"),
            changed_at: moment("changed_at"),
        })
    }

    /// Takes the lease of the sync for `length` seconds ([`LONGEST_LEASE`] at most), unless another owner holds one that has not
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
        self.take(meter, Lease { key: Key::sync_state(), owner, length }, now).await
    }

    /// Takes the lease of the mirror, as [`Self::take_lease`] takes that of the sync.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] while another run holds it.
    pub async fn take_mirror_lease(
        &self,
        meter: &Meter,
        owner: String,
        length: i64,
        now: Timestamp,
    ) -> Result<Lease, StoreError> {
        self.take(meter, Lease { key: Key::mirror_state(), owner, length }, now).await
    }

    async fn take(&self, meter: &Meter, lease: Lease, now: Timestamp) -> Result<Lease, StoreError> {
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
    pub async fn put_state(
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
            .update(&lease.key)
            .condition_expression("lease_owner = :owner")
            .expression_attribute_values(":owner", AttributeValue::S(lease.owner.clone()))
            .update_expression("REMOVE lease_owner, lease_until");
        self.send_state(meter, update).await
    }

    /// Takes both leases away from their holders. Call it only if these cannot be alive any more.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn break_leases(&self, meter: &Meter) -> Result<(), StoreError> {
        for key in [Key::sync_state(), Key::mirror_state()] {
            let update = self
                .update(&key)
                .condition_expression("attribute_exists(lease_owner)")
                .update_expression("REMOVE lease_owner, lease_until");
            match self.send_state(meter, update).await {
                // No writer holds it.
                Err(StoreError::Conflict { .. }) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// An update of a state item.
    fn update(&self, key: &Key) -> UpdateItemFluentBuilder {
        let update = self.database.client.update_item();
        update.table_name(self.table()).set_key(Some(keyed(key)))
    }

    fn state_update(&self, lease: &Lease, now: Timestamp) -> UpdateItemFluentBuilder {
        let until = now.unix() + lease.length;
        self.update(&lease.key)
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
