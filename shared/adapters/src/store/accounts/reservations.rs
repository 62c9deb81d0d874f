//! User names and e-mail addresses: unique, and reserved for some time after a change.
//!
//! A name is an item with its owner in `user`. After a change of name, the item has no owner but `reserved_for` and `reserved_until`.
//! The `app` table has no TTL: an expired reservation is replaced by the next account that claims the name, and removed by the
//! user's next change or by the deletion of the account. The profile lists the reservations of its user.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, builders::PutBuilder};
use domain::{Timestamp, accounts::UserId};

use super::{keys, store::AccountStore, user::StoredUser};
use crate::store::{
    error::{StoreError, failed},
    item::{ItemBuilder, keyed},
    key::Key,
    meter::Meter,
    parts,
};

/// The time in seconds for which only the former owner can claim a former user name or e-mail address.
pub(super) const RESERVED_FOR: i64 = 30 * 24 * 3600;

impl StoredUser {
    /// The maximum number of former names and addresses that one account may reserve at a time. It limits the size of the profile, and the
    /// number of names that one user can withhold.
    pub const MOST_RESERVED: usize = 20;

    /// Returns the time in seconds until another name can be given up; `None` while the account reserves fewer than
    /// [`Self::MOST_RESERVED`].
    #[must_use]
    pub fn wait_to_reserve(&self, now: Timestamp) -> Option<i64> {
        let pending = self.reserved.values().filter(|until| until.is_pending(now, RESERVED_FOR));
        let mut waits: Vec<_> = pending.map(|until| until.seconds_from(now)).collect();
        waits.sort_unstable();
        // The reservations above the maximum must expire, and one more for the next name.
        let surplus = waits.len().checked_sub(Self::MOST_RESERVED)?;
        waits.get(surplus).copied()
    }
}

impl AccountStore {
    /// Removes the expired reservations of a user. Safe to repeat: the profile lists them until its next change.
    pub(super) async fn release_expired(
        &self,
        meter: &Meter,
        stored: &StoredUser,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let expired = stored.reserved.iter().filter(|(_, until)| !until.is_pending(now, RESERVED_FOR));
        for (pk, _) in expired {
            self.release(meter, stored.user.id, pk, Some(now)).await?;
        }
        Ok(())
    }

    /// Removes every reservation of a user. Safe to repeat.
    pub(super) async fn release_all(&self, meter: &Meter, stored: &StoredUser) -> Result<(), StoreError> {
        for pk in stored.reserved.keys() {
            self.release(meter, stored.user.id, pk, None).await?;
        }
        Ok(())
    }

    /// Removes a reservation of `user`, if it still exists and, if `now` is given, has expired.
    async fn release(
        &self,
        meter: &Meter,
        user: UserId,
        pk: &str,
        now: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let mut delete = self
            .database
            .client
            .delete_item()
            .table_name(self.app())
            .set_key(Some(keyed(&keys::name(pk))))
            .expression_attribute_values(":user", AttributeValue::S(user.to_string()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        delete = match now {
            None => delete.condition_expression("reserved_for = :user"),
            Some(now) => delete
                .condition_expression(format!("reserved_for = :user AND ({EXPIRED})"))
                .expression_attribute_values(":now", number(now))
                .expression_attribute_values(":latest", number(now.latest_expiry(RESERVED_FOR))),
        };
        meter.call();
        match delete.send().await.map_err(failed("DeleteItem")) {
            Ok(deleted) => {
                meter.writes(deleted.consumed_capacity.as_slice());
                Ok(())
            }
            // The name was claimed again, or the reservation was removed before.
            Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Claims a name for `user`: it must be free, or reserved for this user, or its reservation must have expired.
pub(super) fn claim(app: &str, key: &Key, user: UserId, now: Timestamp) -> PutBuilder {
    parts::put(app, ItemBuilder::at(key).text("user", user.to_string()))
        .condition_expression(format!("attribute_not_exists(pk) OR reserved_for = :user OR {EXPIRED}"))
        .expression_attribute_values(":user", AttributeValue::S(user.to_string()))
        .expression_attribute_values(":now", number(now))
        .expression_attribute_values(":latest", number(now.latest_expiry(RESERVED_FOR)))
}

/// Reserves a name that `user` gives up.
pub(super) fn reserve(app: &str, key: &Key, user: UserId, now: Timestamp) -> PutBuilder {
    let reservation = ItemBuilder::at(key)
        .text("reserved_for", user.to_string())
        .moment("reserved_until", now.plus(RESERVED_FOR));
    parts::put(app, reservation)
        .condition_expression("attribute_not_exists(pk) OR #user = :user")
        .expression_attribute_names("#user", "user")
        .expression_attribute_values(":user", AttributeValue::S(user.to_string()))
}

/// Matches a reservation that has expired, or that was made by a clock far ahead. Names without a reservation do not match.
const EXPIRED: &str = "reserved_until <= :now OR reserved_until > :latest";

fn number(moment: Timestamp) -> AttributeValue {
    AttributeValue::N(moment.unix().to_string())
}

#[cfg(test)]
mod tests {
    use domain::accounts::{Email, User, Username};

    use super::*;

    #[test]
    fn an_account_reserves_twenty_names_at_most() {
        let now = Timestamp::from_unix(1_785_542_400);
        let user = User {
            id: UserId::new(1, [1; 10]),
            username: Username::stored("ash".to_owned()),
            email: Email::stored("ash@example.com".to_owned()),
            is_admin: false,
            created_at: now,
            updated_at: now,
        };
        let mut stored =
            StoredUser { user, version: 1, reserved: std::collections::BTreeMap::new(), is_listed: true };
        for nth in 0..19 {
            stored.reserved.insert(format!("USERNAME#ash_{nth}"), now.plus(100 + nth));
        }
        stored.reserved.insert("USERNAME#expired".to_owned(), now);
        assert_eq!(stored.wait_to_reserve(now), None);
        stored.reserved.insert("USERNAME#ash_19".to_owned(), now.plus(500));
        assert_eq!(stored.wait_to_reserve(now), Some(100));
        stored.reserved.insert("USERNAME#ash_20".to_owned(), now.plus(500));
        assert_eq!(stored.wait_to_reserve(now), Some(101), "two must expire");
    }
}
