//! Facts with their ETags, 64 ids per item. All of them are read in two calls. A fact and its ETag are written
//! together, so that a 304 can never hide a fact that was lost.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::facts::{Fact, Facts, KEPT, Kind};
use serde::{Deserialize, Serialize};

use super::{
    keys::block,
    record::{Body, body},
    state::Lease,
    store::CatalogStore,
};
use crate::{
    now,
    store::{
        error::{StoreError, malformed},
        item::{Item, keyed, text},
        key::Key,
        meter::Meter,
    },
};

/// All facts, and the ETags of those that were fetched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    pub facts: Facts,
    etags: BTreeMap<(Kind, u32), String>,
    /// The blocks that differ from what is stored.
    dirty: BTreeSet<(Kind, u32)>,
    /// The keys of blocks that could not be read.
    unreadable: Vec<Key>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    fact: Fact,
}

impl Ledger {
    /// A ledger of facts that are not stored yet.
    #[must_use]
    pub fn new(facts: Facts) -> Self {
        let dirty = Kind::ALL
            .into_iter()
            .flat_map(|kind| facts.ids(kind).into_iter().map(move |id| (kind, block(id))));
        Self { dirty: dirty.collect(), facts, etags: BTreeMap::new(), unreadable: Vec::new() }
    }

    #[must_use]
    pub fn etag(&self, kind: Kind, id: u32) -> Option<&str> {
        self.etags.get(&(kind, id)).map(String::as_str)
    }

    /// Records a fetched fact; returns whether it differs from the known one.
    pub fn record(&mut self, fact: Fact, etag: Option<String>) -> bool {
        let (kind, id) = (fact.kind(), fact.id());
        let changed = self.facts.get(kind, id).as_ref() != Some(&fact);
        let same_etag = self.etags.get(&(kind, id)) == etag.as_ref();
        if changed || !same_etag {
            self.dirty.insert((kind, block(id)));
        }
        match etag {
            Some(etag) => drop(self.etags.insert((kind, id), etag)),
            None => drop(self.etags.remove(&(kind, id))),
        }
        if changed {
            self.facts.insert(fact);
        }
        changed
    }

    pub fn remove(&mut self, kind: Kind, id: u32) {
        self.facts.remove(kind, id);
        self.etags.remove(&(kind, id));
        self.dirty.insert((kind, block(id)));
    }

    /// The items whose facts are lost: their resources count as never fetched.
    #[must_use]
    pub fn unreadable(&self) -> &[Key] {
        &self.unreadable
    }

    /// The unreadable items that no longer hold anything: all their facts are stored elsewhere, or no longer exist.
    fn emptied(&self) -> Vec<Key> {
        let holds = |key: &&Key| {
            Kind::ALL
                .into_iter()
                .any(|kind| self.facts.ids(kind).into_iter().any(|id| Key::facts_of(kind, id) == **key))
        };
        self.unreadable.iter().filter(|key| !holds(key)).cloned().collect()
    }

    /// Replaces all facts with these. A fact that differs loses its ETag, and a fact that is not among them is removed.
    pub fn replace(&mut self, facts: &Facts) {
        for kind in Kind::ALL {
            for id in self.facts.ids(kind) {
                if facts.get(kind, id).is_none() {
                    self.remove(kind, id);
                }
            }
            for fact in facts.ids(kind).into_iter().filter_map(|id| facts.get(kind, id)) {
                if self.facts.get(kind, fact.id()).as_ref() != Some(&fact) {
                    self.record(fact, None);
                }
            }
        }
    }

    /// Adds those of `facts` that are missing.
    pub fn complete(&mut self, facts: &Facts) {
        for kind in Kind::ALL {
            for fact in facts.ids(kind).into_iter().filter_map(|id| facts.get(kind, id)) {
                if self.facts.get(kind, fact.id()).is_none() {
                    self.record(fact, None);
                }
            }
        }
    }

    /// Whether [`CatalogStore::put_facts`] would write anything.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    fn block_of(&self, kind: Kind, number: u32) -> BTreeMap<u32, Entry> {
        let ids = self.facts.ids(kind).into_iter().filter(|id| block(*id) == number);
        let entries = ids.filter_map(|id| {
            let etag = self.etags.get(&(kind, id)).cloned();
            Some((id, Entry { etag, fact: self.facts.get(kind, id)? }))
        });
        entries.collect()
    }
}

impl CatalogStore {
    /// Reads all facts. An item that cannot be read is reported and left out: its facts can be fetched again.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn facts(&self, meter: &Meter) -> Result<Ledger, StoreError> {
        let mut ledger = Ledger::default();
        for item in &self.database.partition(meter, self.table(), Key::FACTS, "").await? {
            let sk = text(item, "sk").unwrap_or_default().to_owned();
            let key = Key { pk: Key::FACTS.to_owned(), sk };
            let entries = match entries(&key, item) {
                Ok(entries) => entries,
                Err(error) => {
                    tracing::warn!(%error, "facts are lost; they are fetched again");
                    ledger.unreadable.push(key);
                    continue;
                }
            };
            let kept_as_now = text(item, "kept") == Some(&KEPT.to_string());
            for (id, entry) in entries {
                if let Some(etag) = entry.etag.filter(|_| kept_as_now) {
                    ledger.etags.insert((entry.fact.kind(), id), etag);
                }
                ledger.facts.insert(entry.fact);
            }
        }
        Ok(ledger)
    }

    /// Deletes the unreadable items that no longer hold anything.
    ///
    /// # Errors
    /// The errors of [`Self::put_facts`].
    pub async fn forget_unreadable(
        &self,
        meter: &Meter,
        lease: &Lease,
        ledger: &Ledger,
    ) -> Result<(), StoreError> {
        let emptied = ledger.emptied();
        if !emptied.is_empty() {
            self.renew_lease(meter, lease, now()).await?;
        }
        self.delete(meter, emptied).await
    }

    /// Writes the blocks that differ from what is stored; returns their number.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the lease was lost, or another error if the engine does not answer; the blocks stay
    /// marked.
    pub async fn put_facts(
        &self,
        meter: &Meter,
        lease: &Lease,
        ledger: &mut Ledger,
    ) -> Result<usize, StoreError> {
        let (mut puts, mut emptied) = (Vec::new(), Vec::new());
        for (kind, number) in &ledger.dirty {
            let (key, entries) = (Key::facts_block(*kind, *number), ledger.block_of(*kind, *number));
            if entries.is_empty() {
                emptied.push(key);
                continue;
            }
            let json = serde_json::to_vec(&entries).map_err(|error| malformed(&key, error))?;
            let body = Body::packed(&json).map_err(|error| malformed(&key, error))?;
            let (size, mut item) = (body.size() + 200, keyed(&key));
            item.insert("body".to_owned(), body.into_attribute());
            item.insert("kept".to_owned(), AttributeValue::N(KEPT.to_string()));
            puts.push(vec![(item, size)]);
        }
        if puts.is_empty() && !emptied.is_empty() {
            self.renew_lease(meter, lease, now()).await?;
        }
        self.transact(meter, lease, puts).await?;
        self.delete(meter, emptied).await?;
        let written = std::mem::take(&mut ledger.dirty).len();
        Ok(written)
    }
}

fn entries(key: &Key, item: &Item) -> Result<BTreeMap<u32, Entry>, StoreError> {
    serde_json::from_slice(&body(key, item)?).map_err(|error| malformed(key, error))
}
