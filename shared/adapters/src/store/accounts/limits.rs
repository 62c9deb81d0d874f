//! Rate limits: one token bucket for each thing that is limited and each one whom it is limited for.
//!
//! A bucket is kept as the moment at which it will be full again (GCRA, the generic cell rate algorithm: ITU-T I.371): what is taken
//! moves that moment on, and what would move it further than the bucket is deep is refused.

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::{Accounts, keys};
use crate::store::{
    Meter, StoreError,
    codec::{Item, keyed, text},
    failed,
};

/// How many may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// What it is for; part of its key.
    pub name: &'static str,
    /// At once.
    pub capacity: u32,
    /// Milliseconds after which a full bucket that was emptied is full again.
    pub refill: u64,
}

/// What came of taking one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub is_allowed: bool,
    /// How many more may pass now.
    pub remaining: u32,
    /// Milliseconds until one may pass; 0 where one may.
    pub wait: u64,
    /// Milliseconds until the bucket is full.
    pub reset: u64,
}

impl Bucket {
    const fn step(self) -> u64 {
        let step = self.refill / self.capacity as u64;
        if step == 0 { 1 } else { step }
    }

    /// The latest moment at which a bucket may be full for one more to be taken at `now`. Clocks that are a little apart, and requests
    /// that overtake each other, must not cost anybody one.
    const fn latest(self, now: u64) -> u64 {
        now + self.refill - self.step() + self.step() / 10
    }

    /// What a bucket that is full at `full` has at `now`, in milliseconds.
    const fn at(self, full: u64, now: u64, is_allowed: bool) -> Taken {
        let ahead = full.saturating_sub(now);
        // What clocks that are apart add is nobody's to wait for.
        let reset = if ahead > self.refill { self.refill } else { ahead };
        let left = self.refill - reset;
        let remaining = (left / self.step()) as u32;
        let wait = if remaining > 0 { 0 } else { self.step() - left };
        Taken { is_allowed, remaining, wait, reset }
    }
}

impl Accounts {
    /// Takes one from the bucket of `whom` at `now` (milliseconds since 1970): one call, two while it is not full.
    ///
    /// # Errors
    /// [`StoreError`] when the engine does not answer.
    pub async fn take(
        &self,
        meter: &Meter,
        bucket: Bucket,
        whom: &str,
        now: u64,
    ) -> Result<Taken, StoreError> {
        let emptied = now + bucket.step();
        // A bucket that is full, or was never used.
        let condition = "attribute_not_exists(full_at) OR full_at <= :now";
        match self
            .fill(meter, bucket, whom, condition, "SET full_at = :next, expires_at = :expires", now)
            .await?
        {
            Ok(_) => return Ok(bucket.at(emptied, now, true)),
            // Whoever is refused stays so until then: no need to ask again.
            Err(Some(full)) if full > bucket.latest(now) => {
                return Ok(bucket.at(full, now, false));
            }
            Err(_) => {}
        }
        let condition = "full_at <= :most";
        let update = "SET full_at = full_at + :step, expires_at = :expires";
        match self.fill(meter, bucket, whom, condition, update, now).await? {
            Ok(full) => Ok(bucket.at(full, now, true)),
            Err(full) => Ok(bucket.at(full.unwrap_or(now + bucket.refill), now, false)),
        }
    }

    /// The moment at which it is full after the update, or else the one at which it is without.
    async fn fill(
        &self,
        meter: &Meter,
        bucket: Bucket,
        whom: &str,
        condition: &str,
        expression: &str,
        now: u64,
    ) -> Result<Result<u64, Option<u64>>, StoreError> {
        let number = |value: u64| AttributeValue::N(value.to_string());
        meter.call();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.ephemeral)
            .set_key(Some(keyed(&keys::bucket(bucket.name, whom))))
            .condition_expression(condition)
            .update_expression(expression)
            .expression_attribute_values(":expires", number((now + bucket.refill) / 1000 + 1))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        for (name, value) in [
            (":now", now),
            (":next", now + bucket.step()),
            (":step", bucket.step()),
            (":most", bucket.latest(now)),
        ] {
            if condition.contains(name) || expression.contains(name) {
                update = update.expression_attribute_values(name, number(value));
            }
        }
        let error = match update.send().await {
            Ok(answer) => {
                meter.writes(answer.consumed_capacity.as_slice());
                return Ok(Ok(answer.attributes().and_then(full_at).unwrap_or(now + bucket.step())));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Err(refused.item().and_then(full_at)))
            }
            _ => Err(failed("UpdateItem")(error)),
        }
    }
}

fn full_at(item: &Item) -> Option<u64> {
    text(item, "full_at").and_then(|moment| moment.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_tells_what_is_left() {
        let five = Bucket { name: "login", capacity: 5, refill: 60_000 };
        let at = |full: u64| five.at(1_000_000 + full, 1_000_000, true);
        let taken = |remaining, wait, reset| Taken { is_allowed: true, remaining, wait, reset };
        assert_eq!(at(0), taken(5, 0, 0));
        assert_eq!(at(12_000), taken(4, 0, 12_000));
        assert_eq!(at(48_000), taken(1, 0, 48_000));
        assert_eq!(at(60_000), taken(0, 12_000, 60_000));
        assert_eq!(at(50_000), taken(0, 2_000, 50_000));
        assert_eq!(at(90_000), taken(0, 12_000, 60_000), "a clock that is behind");
        let wide = Bucket { name: "login", capacity: 3600, refill: 1_000 };
        assert_eq!(wide.at(1_000_001, 1_000_000, true).remaining, 999, "more than one in a millisecond");
    }
}
