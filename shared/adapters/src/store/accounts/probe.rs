//! The turn of the probe: at most one of its runs uses its account at a time, and a sign-in is known to the runs after it.

use aws_sdk_dynamodb::{
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::{AttributeValue, ReturnConsumedCapacity, ReturnValue},
};
use domain::Timestamp;

use super::{keys, store::AccountStore};
use crate::store::{
    error::{StoreError, failed},
    item::{Item, keyed, text},
    meter::Meter,
};

/// The time in seconds for which a run may use the account; a run that dies gives it back by this. It is shorter than the interval of the
/// schedule.
const LONGEST: i64 = 55;
/// The time in seconds after which the item of a probe that no longer runs is deleted.
const KEPT: i64 = 24 * 3600;

/// The right of one run to use the account of the probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeTurn {
    owner: String,
    /// The time of the last sign-in; `None` if there was none, or the next run may sign in for another reason.
    pub signed_in_at: Option<Timestamp>,
}

impl AccountStore {
    /// Takes the turn for the run `owner`; `None` while another run has it.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer; the same holds for the other functions here.
    pub async fn begin_probe(
        &self,
        meter: &Meter,
        owner: &str,
        now: Timestamp,
    ) -> Result<Option<ProbeTurn>, StoreError> {
        let update = self
            .probe_update(owner)
            // The owner has it already if the answer to an earlier attempt was lost.
            .condition_expression(
                "attribute_not_exists(pk) OR busy_until <= :now OR busy_until > :latest OR #owner = :owner",
            )
            .update_expression("SET #owner = :owner, busy_until = :until, expires_at = :expires")
            .expression_attribute_values(":now", number(now))
            // No turn is longer: this one was taken by a clock that ran ahead.
            .expression_attribute_values(":latest", number(now.latest_expiry(LONGEST)))
            .expression_attribute_values(":until", number(now.plus(LONGEST)))
            .expression_attribute_values(":expires", number(now.plus(KEPT)));
        match self.update_probe(meter, update).await {
            Ok(item) => Ok(Some(ProbeTurn { owner: owner.to_owned(), signed_in_at: signed_in_at(&item) })),
            Err(StoreError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Records a sign-in before it begins, so that a run that dies has counted. Returns whether the run still has its turn.
    pub async fn probe_signs_in(
        &self,
        meter: &Meter,
        turn: &ProbeTurn,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = self
            .probe_update(&turn.owner)
            .condition_expression("#owner = :owner")
            .update_expression("SET signed_in_at = :now")
            .expression_attribute_values(":now", number(now));
        self.change_own(meter, update).await
    }

    /// Ends the turn. With `forgets`, the next run may sign in, whenever the last sign-in was. Does nothing if the turn was lost.
    pub async fn end_probe(&self, meter: &Meter, turn: &ProbeTurn, forgets: bool) -> Result<(), StoreError> {
        let removed = if forgets { " REMOVE signed_in_at" } else { "" };
        let update = self
            .probe_update(&turn.owner)
            .condition_expression("#owner = :owner")
            .update_expression(format!("SET busy_until = :never{removed}"))
            .expression_attribute_values(":never", number(Timestamp::from_unix(0)));
        self.change_own(meter, update).await.map(|_| ())
    }

    /// Returns the time of the last sign-in of the probe, if the next run may not sign in before.
    pub async fn probe_signed_in_at(&self, meter: &Meter) -> Result<Option<Timestamp>, StoreError> {
        let item = self.database.get(meter, self.ephemeral(), &keys::probe(), false).await?;
        Ok(item.as_ref().and_then(signed_in_at))
    }

    fn probe_update(&self, owner: &str) -> UpdateItemFluentBuilder {
        self.database
            .client
            .update_item()
            .table_name(self.ephemeral())
            .set_key(Some(keyed(&keys::probe())))
            // The word is reserved.
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
    }

    /// Makes a change that requires the turn; returns whether it was made.
    async fn change_own(&self, meter: &Meter, update: UpdateItemFluentBuilder) -> Result<bool, StoreError> {
        match self.update_probe(meter, update).await {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Updates the item, and returns it.
    async fn update_probe(&self, meter: &Meter, update: UpdateItemFluentBuilder) -> Result<Item, StoreError> {
        meter.call();
        let answer = update
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed("UpdateItem"))?;
        meter.writes(answer.consumed_capacity.as_slice());
        Ok(answer.attributes.unwrap_or_default())
    }
}

fn signed_in_at(item: &Item) -> Option<Timestamp> {
    text(item, "signed_in_at").and_then(|seconds| seconds.parse().ok()).map(Timestamp::from_unix)
}

fn number(moment: Timestamp) -> AttributeValue {
    AttributeValue::N(moment.unix().to_string())
}
