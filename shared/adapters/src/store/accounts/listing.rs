//! The list of users, and their number.
//!
//! Both are spread over 16 partitions or items by the last byte of a user's id, which is random: simultaneous registrations rarely
//! share an item, so they rarely conflict. Reads merge the list from all shards by id, which is the order of registration.

use std::collections::VecDeque;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, builders::UpdateBuilder};
use domain::accounts::UserId;
use futures_util::future::try_join_all;

use super::{
    keys::{self, SHARDS},
    store::AccountStore,
    user::{StoredUser, user_of},
};
use crate::store::{
    error::{StoreError, failed, malformed},
    item::{Item, Reader, readable, text},
    key::Key,
    meter::Meter,
    parts,
};

/// A page of users in the order of their registration.
#[derive(Clone, Debug)]
pub struct UserPage {
    pub users: Vec<StoredUser>,
    /// The number of all users.
    pub total: u32,
    /// The last user of the page, if more follow.
    pub next: Option<UserId>,
}

/// Changes the number of users of a shard.
pub(super) fn count(app: &str, shard: u8, change: i64) -> UpdateBuilder {
    parts::update(app, &keys::user_count(shard))
        .update_expression("ADD user_count :change")
        .expression_attribute_values(":change", AttributeValue::N(change.to_string()))
}

impl AccountStore {
    /// Returns the number of users: one call.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer or a counter is malformed; the same holds for all reads here.
    pub async fn user_count(&self, meter: &Meter) -> Result<u32, StoreError> {
        let counters = self.database.partition(meter, self.app(), keys::USERS, keys::COUNT).await?;
        let users = |item: &Item| -> Result<i64, StoreError> {
            let key = Key { pk: keys::USERS.to_owned(), sk: text(item, "sk").unwrap_or_default().to_owned() };
            Reader::of(&key, item).parsed("user_count")
        };
        let total: i64 = counters.iter().map(users).sum::<Result<_, _>>()?;
        Ok(u32::try_from(total.max(0)).unwrap_or(u32::MAX))
    }

    /// Returns at most `limit` users after the first `skip`. It also reads the skipped ones: a call for each shard and each megabyte (some
    /// three thousand users).
    pub async fn users(&self, meter: &Meter, skip: u64, limit: u32) -> Result<UserPage, StoreError> {
        let total = self.user_count(meter).await?;
        if skip > 0 && skip >= u64::from(total) {
            return Ok(UserPage { users: Vec::new(), total, next: None });
        }
        self.page(meter, None, skip, limit, total).await
    }

    /// Returns at most `limit` users after the user `after`, whether that user still exists or not: a call for each shard, and a few more.
    pub async fn users_after(
        &self,
        meter: &Meter,
        after: UserId,
        limit: u32,
    ) -> Result<UserPage, StoreError> {
        let total = self.user_count(meter).await?;
        self.page(meter, Some(after), 0, limit, total).await
    }

    async fn page(
        &self,
        meter: &Meter,
        after: Option<UserId>,
        skip: u64,
        limit: u32,
        total: u32,
    ) -> Result<UserPage, StoreError> {
        let mut shards: Vec<Shard> = (0..SHARDS).map(|number| Shard::after(number, after)).collect();
        let mut page = Vec::new();
        // One user more than the page holds shows whether another page follows.
        let mut wanted = skip + u64::from(limit) + 1;
        while wanted > 0 {
            let empty = shards.iter_mut().filter(|shard| shard.is_to_be_read());
            try_join_all(empty.map(|shard| self.read_shard(meter, shard, wanted))).await?;
            let next = shards.iter_mut().filter(|shard| !shard.ahead.is_empty());
            let Some(profile) =
                next.min_by_key(|shard| shard.first()).and_then(|shard| shard.ahead.pop_front())
            else {
                break;
            };
            wanted -= 1;
            if (1..=u64::from(limit)).contains(&wanted) {
                page.push(profile);
            }
        }
        let last = page.last().filter(|_| wanted == 0).and_then(|last| position(last).parse().ok());
        Ok(UserPage { users: readable(&page, listed_user), total, next: last })
    }

    /// Reads the next part of a shard. All shards together must yield `wanted` users, so this one reads only its likely share.
    async fn read_shard(&self, meter: &Meter, shard: &mut Shard, wanted: u64) -> Result<(), StoreError> {
        let share = wanted.div_ceil(SHARDS.into());
        let limit = i32::try_from(share + share / 4 + 4).unwrap_or(i32::MAX);
        meter.call();
        let answer = self
            .database
            .client
            .query()
            .table_name(self.app())
            .index_name("gsi1")
            .key_condition_expression("gsi1pk = :pk AND gsi1sk > :after")
            .expression_attribute_values(":pk", AttributeValue::S(shard.partition.clone()))
            .expression_attribute_values(":after", AttributeValue::S(shard.after.clone()))
            .limit(limit)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed("Query"))?;
        meter.reads(answer.consumed_capacity());
        shard.is_exhausted = answer.last_evaluated_key().is_none();
        shard.ahead = answer.items.unwrap_or_default().into();
        if let Some(last) = shard.ahead.back() {
            shard.after = position(last).to_owned();
        }
        Ok(())
    }
}

/// The users that were read from a shard and are not on the page yet.
struct Shard {
    partition: String,
    /// The position of the last user that was read; a space sorts before every id.
    after: String,
    ahead: VecDeque<Item>,
    is_exhausted: bool,
}

impl Shard {
    fn after(number: u8, after: Option<UserId>) -> Self {
        let after = after.map_or_else(|| " ".to_owned(), |after| after.to_string());
        Self { partition: keys::users(number), after, ahead: VecDeque::new(), is_exhausted: false }
    }

    fn is_to_be_read(&self) -> bool {
        self.ahead.is_empty() && !self.is_exhausted
    }

    fn first(&self) -> Option<String> {
        self.ahead.front().map(|item| position(item).to_owned())
    }
}

/// The position of a user in the list.
fn position(item: &Item) -> &str {
    text(item, "gsi1sk").unwrap_or_default()
}

fn listed_user(item: &Item) -> Result<StoredUser, StoreError> {
    let key = Key { pk: text(item, "pk").unwrap_or_default().to_owned(), sk: "PROFILE".to_owned() };
    let id = position(item).parse().map_err(|_| malformed(&key, "its gsi1sk is not a user's id"))?;
    user_of(id, &Reader::of(&key, item))
}
