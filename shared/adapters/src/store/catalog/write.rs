//! The writes of the sync: only items that differ, in groups that are written whole or not at all.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::Timestamp;

use super::{groups::Sized, record::Body, state::Lease, store::CatalogStore};
use crate::store::{
    error::{StoreError, failed},
    item::{Item, keyed, text},
    key::Key,
    meter::Meter,
};

/// The data of a stored item that is read without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub hash: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// `None` for everything that follows from the current facts.
    pub past: Option<Past>,
}

/// The reason why an item stays although the current facts do not have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// The source removed the record; the item has its last state.
    Removed,
    /// The name was the slug of the record with this id.
    Renamed(u32),
}

impl Past {
    const REMOVED: &'static str = "is_removed";
    const RENAMED: &'static str = "former_name_of";

    pub(super) fn of(item: &Item) -> Option<Self> {
        let id = text(item, Self::RENAMED).and_then(|id| id.parse().ok());
        let is_removed = item.get(Self::REMOVED).and_then(|value| value.as_bool().ok()) == Some(&true);
        id.map(Self::Renamed).or_else(|| is_removed.then_some(Self::Removed))
    }

    fn attribute(self) -> (&'static str, AttributeValue) {
        match self {
            Self::Removed => (Self::REMOVED, AttributeValue::Bool(true)),
            Self::Renamed(id) => (Self::RENAMED, AttributeValue::N(id.to_string())),
        }
    }
}

/// A record to write under one key.
#[derive(Clone, Debug)]
pub struct NewItem {
    pub key: Key,
    pub body: Body,
    /// The [`content_hash`](super::content_hash) of the JSON.
    pub hash: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub past: Option<Past>,
}

impl NewItem {
    fn sized(self) -> Sized {
        // An upper bound for keys, hash and times.
        let size = self.body.size() + 400;
        let mut item = keyed(&self.key);
        item.insert("body".to_owned(), self.body.into_attribute());
        item.insert("hash".to_owned(), AttributeValue::S(self.hash));
        item.insert("created_at".to_owned(), AttributeValue::N(self.created_at.unix().to_string()));
        item.insert("updated_at".to_owned(), AttributeValue::N(self.updated_at.unix().to_string()));
        if let Some((name, value)) = self.past.map(Past::attribute) {
            item.insert(name.to_owned(), value);
        }
        (item, size)
    }
}

impl CatalogStore {
    /// Returns the heads of all items, by key. A Scan: for the sync only, once per run.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer; the same holds for all writes here.
    pub async fn heads(&self, meter: &Meter) -> Result<HashMap<Key, Head>, StoreError> {
        let mut heads = HashMap::new();
        let mut from = None;
        loop {
            meter.call();
            let page = self
                .database
                .client
                .scan()
                .table_name(self.table())
                .projection_expression("pk, sk, #hash, created_at, updated_at, is_removed, former_name_of")
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
                        past: Past::of(item),
                    },
                );
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(heads);
            }
        }
    }

    /// Writes `groups`, each whole or not at all, many in a transaction. Safe to repeat. A group holds at most 100 items, without
    /// duplicates.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the lease was lost, otherwise the errors of [`Self::heads`]; some groups may have been written.
    pub async fn put_groups(
        &self,
        meter: &Meter,
        lease: &Lease,
        groups: Vec<Vec<NewItem>>,
    ) -> Result<(), StoreError> {
        let groups = groups.into_iter().map(|group| group.into_iter().map(NewItem::sized).collect());
        self.transact(meter, lease, groups.collect()).await
    }

    /// Deletes the items of `keys`; items that do not exist are ignored.
    pub async fn delete(&self, meter: &Meter, keys: Vec<Key>) -> Result<(), StoreError> {
        self.database.delete(meter, self.table(), &keys).await
    }

    pub(super) async fn put(&self, meter: &Meter, item: Item) -> Result<(), StoreError> {
        meter.call();
        let answer = self
            .database
            .client
            .put_item()
            .table_name(self.table())
            .set_item(Some(item))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed("PutItem"))?;
        meter.writes(answer.consumed_capacity.as_slice());
        Ok(())
    }

    /// Returns the name of the bundled snapshot that was loaded completely, if one was.
    pub async fn seeded(&self, meter: &Meter) -> Result<Option<String>, StoreError> {
        let item = self.get(meter, &Key::seed(), true).await?;
        Ok(item.and_then(|item| text(&item, "snapshot").map(str::to_owned)))
    }

    /// Records that the snapshot was loaded completely: written last.
    pub async fn mark_seeded(&self, meter: &Meter, snapshot: &str) -> Result<(), StoreError> {
        let mut item = keyed(&Key::seed());
        item.insert("snapshot".to_owned(), AttributeValue::S(snapshot.to_owned()));
        self.put(meter, item).await
    }
}
