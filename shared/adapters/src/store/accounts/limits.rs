//! Rate limits: one token bucket for each limit and subject.
//!
//! A bucket is stored as the moment at which it will be full again (GCRA, the generic cell rate algorithm: ITU-T I.371). Taking a token
//! moves that moment later by the time that one token needs to come back; a request that would move it past the bucket's depth is rejected.
//! Giving a token back moves it earlier, by the part that has not come back by itself since. The item also holds the time at which the last
//! token was taken, by the clock of the machine that took it.

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::{keys, store::AccountStore};
use crate::store::{
    error::{StoreError, failed},
    item::{Item, keyed, text},
    meter::Meter,
};

/// The tolerated difference between the clocks of two machines, in milliseconds. A bucket written by a clock that is further ahead starts
/// again.
const CLOCKS_APART: u64 = 10_000;

/// The size and speed of a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The limit's name, which is part of the bucket's key.
    pub name: &'static str,
    /// The number of requests at once.
    pub capacity: u32,
    /// The time in milliseconds in which an empty bucket becomes full again.
    pub refill: u64,
}

/// The state of the bucket after an attempt to take a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub is_allowed: bool,
    /// The number of further requests that are allowed now.
    pub remaining: u32,
    /// The time in milliseconds until the next request is allowed; 0 if one is allowed now.
    pub wait: u64,
    /// The time in milliseconds until the bucket is full.
    pub reset: u64,
}

impl Bucket {
    const fn step(self) -> u64 {
        let step = self.refill / self.capacity as u64;
        if step == 0 { 1 } else { step }
    }

    /// The latest moment at which a bucket may be full so that a token can be taken at `now`. Small differences between clocks, and
    /// requests that overtake each other, must not cost a client a request.
    const fn latest(self, now: u64) -> u64 {
        now + self.refill - self.step() + self.slack()
    }

    /// The tolerance of `latest` in milliseconds.
    const fn slack(self) -> u64 {
        self.step() / 10
    }

    /// The state at `now` of a bucket that is full at `full`, in milliseconds.
    const fn at(self, full: u64, now: u64, is_allowed: bool) -> Taken {
        let ahead = full.saturating_sub(now);
        // Requests that overtake each other differ by their own duration. The client does not have to wait for it.
        let is_overtaken = ahead > self.refill && ahead <= self.refill + self.slack();
        let reset = if is_overtaken { self.refill } else { ahead };
        let remaining = (self.refill.saturating_sub(reset) / self.step()) as u32;
        let wait = if remaining > 0 { 0 } else { (reset + self.step()).saturating_sub(self.refill) };
        Taken { is_allowed, remaining, wait, reset }
    }
}

impl AccountStore {
    /// Takes a token from the bucket of `subject` at `now` (milliseconds since 1970): one call, or two while the bucket is not full.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn take(
        &self,
        meter: &Meter,
        bucket: Bucket,
        subject: &str,
        now: u64,
    ) -> Result<Taken, StoreError> {
        let next = now + bucket.step();
        let expires = (":expires", (now + bucket.refill) / 1000 + 1);
        // The bucket is full, was never used, or was written by a clock that ran ahead.
        let condition = "attribute_not_exists(full_at) OR full_at <= :now OR written_at > :credible";
        let update = "SET full_at = :next, written_at = :now, expires_at = :expires";
        let values = [(":now", now), (":credible", now + CLOCKS_APART), (":next", next), expires];
        match self.fill(meter, bucket, subject, condition, update, &values).await? {
            Ok(_) => return Ok(bucket.at(next, now, true)),
            // Requests stay rejected until then, so no second call is needed.
            Err(Some(full)) if full > bucket.latest(now) => {
                return Ok(bucket.at(full, now, false));
            }
            Err(_) => {}
        }
        let condition = "full_at <= :most";
        let update = "SET full_at = full_at + :step, written_at = :now, expires_at = :expires";
        let values = [(":most", bucket.latest(now)), (":step", bucket.step()), (":now", now), expires];
        match self.fill(meter, bucket, subject, condition, update, &values).await? {
            Ok(full) => Ok(bucket.at(full.unwrap_or(next), now, true)),
            Err(full) => Ok(bucket.at(full.unwrap_or(now + bucket.refill), now, false)),
        }
    }

    /// Gives back the token that was taken from the bucket of `subject` at `taken_at`, less the part that has come back by itself by `now`,
    /// so that giving back never adds to the tokens that were taken. `None` if there is nothing to give back. One call.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn give_back(
        &self,
        meter: &Meter,
        bucket: Bucket,
        subject: &str,
        taken_at: u64,
        now: u64,
    ) -> Result<Option<Taken>, StoreError> {
        let owed = bucket.step().saturating_sub(now.saturating_sub(taken_at));
        if owed == 0 {
            return Ok(None);
        }
        // A bucket that is full by now, or has expired, has all its tokens.
        let values = [(":now", now), (":owed", owed)];
        let returned =
            self.fill(meter, bucket, subject, "full_at > :now", "SET full_at = full_at - :owed", &values);
        Ok(returned.await?.ok().flatten().map(|full| bucket.at(full, now, true)))
    }

    /// Updates a bucket. Returns the moment at which it is full after the update, or, if `condition` does not hold, without it.
    async fn fill(
        &self,
        meter: &Meter,
        bucket: Bucket,
        subject: &str,
        condition: &str,
        expression: &str,
        values: &[(&str, u64)],
    ) -> Result<Result<Option<u64>, Option<u64>>, StoreError> {
        meter.call();
        let mut update = self
            .database
            .client
            .update_item()
            .table_name(self.ephemeral())
            .set_key(Some(keyed(&keys::bucket(bucket.name, subject))))
            .condition_expression(condition)
            .update_expression(expression)
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        for (name, value) in values {
            update = update.expression_attribute_values(*name, AttributeValue::N(value.to_string()));
        }
        let error = match update.send().await {
            Ok(answer) => {
                meter.writes(answer.consumed_capacity.as_slice());
                return Ok(Ok(answer.attributes().and_then(full_at)));
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
    fn a_bucket_reports_its_remaining_tokens() {
        let five = Bucket { name: "login", capacity: 5, refill: 60_000 };
        let at = |full: u64| five.at(1_000_000 + full, 1_000_000, true);
        let taken = |remaining, wait, reset| Taken { is_allowed: true, remaining, wait, reset };
        assert_eq!(at(0), taken(5, 0, 0));
        assert_eq!(at(12_000), taken(4, 0, 12_000));
        assert_eq!(at(48_000), taken(1, 0, 48_000));
        assert_eq!(at(60_000), taken(0, 12_000, 60_000));
        assert_eq!(at(50_000), taken(0, 2_000, 50_000));
        assert_eq!(at(61_000), taken(0, 12_000, 60_000), "a request that was overtaken");
        assert_eq!(at(65_000), taken(0, 17_000, 65_000), "a clock that is behind");
        let wide = Bucket { name: "login", capacity: 3600, refill: 1_000 };
        assert_eq!(wide.at(1_000_001, 1_000_000, true).remaining, 999, "more than one in a millisecond");
    }
}
