//! Facts with the ETags they came under, 64 ids an item: all of them are read in two calls, and a fact and its
//! ETag are written together, so that no 304 can ever hide a fact that was lost.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::facts::{Fact, Facts, KEPT, Kind};
use serde::{Deserialize, Serialize};

use super::{
    Key, Meter, Store, StoreError,
    codec::{body, keyed, malformed, packed, text},
    failed,
    keys::block,
};

/// All facts and, of those that were fetched, the ETag.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    pub facts: Facts,
    etags: BTreeMap<(Kind, u32), String>,
    /// Blocks that differ from what is stored.
    dirty: BTreeSet<(Kind, u32)>,
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
        Self { dirty: dirty.collect(), facts, etags: BTreeMap::new() }
    }

    #[must_use]
    pub fn etag(&self, kind: Kind, id: u32) -> Option<&str> {
        self.etags.get(&(kind, id)).map(String::as_str)
    }

    /// Takes in a fetched fact; answers whether it differs from the one before.
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

    /// Whether there is anything that [`Store::put_facts`] would write.
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

impl Store {
    /// Reads all facts.
    ///
    /// # Errors
    /// [`StoreError`] when the engine does not answer or a block is malformed.
    pub async fn facts(&self, meter: &Meter) -> Result<Ledger, StoreError> {
        let mut ledger = Ledger::default();
        let mut from = None;
        loop {
            meter.call();
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :facts")
                .expression_attribute_values(":facts", AttributeValue::S(Key::FACTS.to_owned()))
                .consistent_read(true)
                .set_exclusive_start_key(from)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(failed("Query"))?;
            meter.reads(page.consumed_capacity());
            for item in page.items() {
                let sk = text(item, "sk").unwrap_or_default().to_owned();
                let key = Key { pk: Key::FACTS.to_owned(), sk };
                let entries: BTreeMap<u32, Entry> =
                    serde_json::from_slice(&body(&key, item)?).map_err(|error| malformed(&key, error))?;
                let kept_as_now = text(item, "kept") == Some(&KEPT.to_string());
                for (id, entry) in entries {
                    if let Some(etag) = entry.etag.filter(|_| kept_as_now) {
                        ledger.etags.insert((entry.fact.kind(), id), etag);
                    }
                    ledger.facts.insert(entry.fact);
                }
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(ledger);
            }
        }
    }

    /// Writes the blocks that differ from what is stored; answers how many.
    ///
    /// # Errors
    /// [`StoreError`] when the engine does not answer; the blocks not written yet stay marked.
    pub async fn put_facts(&self, meter: &Meter, ledger: &mut Ledger) -> Result<usize, StoreError> {
        let blocks: Vec<_> = ledger.dirty.iter().copied().collect();
        for (kind, number) in &blocks {
            let entries = ledger.block_of(*kind, *number);
            let key = Key::facts_block(*kind, *number);
            if entries.is_empty() {
                self.delete(meter, vec![key]).await?;
            } else {
                let json = serde_json::to_vec(&entries).map_err(|error| malformed(&key, error))?;
                let mut item = keyed(&key);
                item.insert("body".to_owned(), packed(&json).map_err(|error| malformed(&key, error))?);
                item.insert("kept".to_owned(), AttributeValue::N(KEPT.to_string()));
                self.put(meter, item).await?;
            }
            ledger.dirty.remove(&(*kind, *number));
        }
        Ok(blocks.len())
    }
}
