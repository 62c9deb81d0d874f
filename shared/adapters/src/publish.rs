//! Facts in, items and index out. Everything is derived anew and only what differs is written, so a run that was
//! killed anywhere is completed by the next, and a run over the same facts writes nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::{
    Timestamp,
    catalog::{Catalog, Problem, StoredPokemon},
    dex::{DexIndex, TimedPokemon},
    facts::{Facts, Kind},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use crate::store::{Head, INDEX_COPIES, Key, Meter, Named, NewItem, Store, StoreError, content_hash};

/// DynamoDB takes 100 items and 4 MB in a transaction.
const MOST_ITEMS: usize = 100;
const MOST_BYTES: usize = 3 << 20;
/// Transactions in flight.
const WRITERS: usize = 4;

/// Whether so many of `all` are gone at once that it is more likely an accident of the source than news.
#[must_use]
pub fn is_suspicious(gone: usize, all: usize) -> bool {
    gone * 2 > all || (gone > 10 && gone * 20 > all)
}

/// What a publication did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Published {
    /// Items written because they were new or differed.
    pub written: usize,
    pub unchanged: usize,
    /// Items whose facts are gone.
    pub removed: usize,
    /// The version of the dex index that counts now.
    pub index: String,
    pub index_written: bool,
    /// Bytes of the index, before and after compression; the latter 0 where it was not written.
    pub index_size: (usize, usize),
    #[serde(skip)]
    pub problems: Vec<Problem>,
}

#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a record cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the index cannot be made: {0}")]
    Index(#[from] domain::dex::BadIndex),
}

/// Brings the stored catalogue to what `facts` say. What is new gets `now` as its times.
///
/// # Errors
/// [`PublishError`] when the engine does not answer; whatever was written stays and is not written again.
pub async fn publish(
    store: &Store,
    meter: &Meter,
    facts: &Facts,
    now: Timestamp,
) -> Result<Published, PublishError> {
    let catalog = Catalog::new(facts);
    let mut diff =
        Diff { heads: store.heads(meter).await?, now, derived: HashSet::new(), done: Published::default() };
    let (pokemon, problems) = catalog.pokemon();
    diff.done.problems = problems;

    let timed = put_pokemon(store, meter, &catalog, pokemon, &mut diff).await?;
    put_others(store, meter, &catalog, &mut diff).await?;
    remove_stale(store, meter, &mut diff).await?;
    put_index(store, meter, &DexIndex::build(&catalog, &timed), &mut diff).await?;
    Ok(diff.done)
}

/// What is stored against what should be.
struct Diff {
    heads: HashMap<Key, Head>,
    now: Timestamp,
    derived: HashSet<Key>,
    done: Published,
}

impl Diff {
    /// Whether a record may have `key`. Two records with one key would fail every write, for ever: the second goes
    /// without, which is a problem of its own.
    fn is_free(&mut self, key: &Key, resource: String, name: &str) -> bool {
        let free = !self.derived.contains(key);
        if !free {
            let reason = format!("its name {name} is another's");
            self.done.problems.push(Problem { resource, reason });
        }
        free
    }

    /// The items under `keys` for `body`, where any of them differs; and its times.
    fn items(&mut self, keys: Vec<Key>, body: Vec<u8>, packed: bool) -> (Vec<NewItem>, Timestamp, Timestamp) {
        let hash = content_hash(&body);
        let stored = self.heads.get(&keys[0]);
        let created_at = stored.map_or(self.now, |head| head.created_at);
        let same = keys.iter().all(|key| self.heads.get(key).is_some_and(|head| head.hash == hash));
        let updated_at = match stored {
            // Only another key of the same record is amiss: the record itself has not changed.
            Some(head) if head.hash == hash => head.updated_at,
            _ => self.now,
        };
        self.derived.extend(keys.iter().cloned());
        if same {
            self.done.unchanged += keys.len();
            return (Vec::new(), created_at, updated_at);
        }
        self.done.written += keys.len();
        let item =
            |key| NewItem { key, body: body.clone(), packed, hash: hash.clone(), created_at, updated_at };
        (keys.into_iter().map(item).collect(), created_at, updated_at)
    }
}

/// Each Pokémon's items stand or fall together: under its id, its slug and its species' name, its learnset and
/// its forms.
async fn put_pokemon(
    store: &Store,
    meter: &Meter,
    catalog: &Catalog<'_>,
    pokemon: Vec<StoredPokemon>,
    diff: &mut Diff,
) -> Result<Vec<TimedPokemon>, PublishError> {
    let aliases = catalog.species_aliases();
    let mut timed = Vec::with_capacity(pokemon.len());
    let mut waiting = Batches::default();
    // Ids first: no name may stand in the way of one.
    diff.derived.extend(pokemon.iter().map(|stored| Key::pokemon(stored.pokemon.id)));
    for stored in pokemon {
        let id = stored.pokemon.id;
        let mut keys = vec![Key::pokemon(id)];
        for name in [Some(stored.pokemon.name.as_str()), aliases.get(&id).copied()].into_iter().flatten() {
            let key = Key::pokemon(name);
            if key != keys[0] && diff.is_free(&key, format!("pokemon/{id}"), name) {
                keys.push(key);
            }
        }
        // The times that a Pokémon shows are those of its main item.
        let (mut group, created_at, updated_at) = diff.items(keys, serde_json::to_vec(&stored)?, false);
        let (learnset, problems) = catalog.learnset(id);
        diff.done.problems.extend(problems);
        if !learnset.is_empty() {
            group.extend(diff.items(vec![Key::learnset(id)], serde_json::to_vec(&learnset)?, true).0);
        }
        let forms = catalog.cosmetic_forms(id);
        if !forms.is_empty() {
            group.extend(diff.items(vec![Key::forms(id)], serde_json::to_vec(&forms)?, true).0);
        }
        timed.push(TimedPokemon { stored, created_at, updated_at });
        if let Some(batch) = waiting.push(group) {
            write(store, meter, batch).await?;
        }
    }
    write(store, meter, waiting.finish()).await?;
    Ok(timed)
}

/// Groups gathered into transactions, and those into one round of [`WRITERS`].
#[derive(Default)]
struct Batches {
    full: Vec<Vec<NewItem>>,
    open: Vec<NewItem>,
    bytes: usize,
}

impl Batches {
    /// Adds a group; answers a round of transactions when one is full.
    fn push(&mut self, group: Vec<NewItem>) -> Option<Vec<Vec<NewItem>>> {
        let size: usize = group.iter().map(NewItem::size).sum();
        if self.open.len() + group.len() > MOST_ITEMS || self.bytes + size > MOST_BYTES {
            self.full.push(std::mem::take(&mut self.open));
            self.bytes = 0;
        }
        self.bytes += size;
        self.open.extend(group);
        (self.full.len() == WRITERS).then(|| std::mem::take(&mut self.full))
    }

    fn finish(mut self) -> Vec<Vec<NewItem>> {
        self.full.push(self.open);
        self.full
    }
}

async fn write(store: &Store, meter: &Meter, round: Vec<Vec<NewItem>>) -> Result<(), StoreError> {
    let transactions = round.into_iter().filter(|items| !items.is_empty());
    stream::iter(transactions.map(|items| store.put_together(meter, items)))
        .buffer_unordered(WRITERS)
        .try_collect()
        .await
}

/// Chains, types, abilities and moves: each item stands for itself.
async fn put_others(
    store: &Store,
    meter: &Meter,
    catalog: &Catalog<'_>,
    diff: &mut Diff,
) -> Result<(), PublishError> {
    let mut items = Vec::new();
    for evolution in catalog.evolutions() {
        let key = Key::chain(evolution.evolution_chain_id);
        items.extend(diff.items(vec![key], serde_json::to_vec(&evolution)?, true).0);
    }
    let mut add =
        |kind, named, id, name: &str, body: serde_json::Result<Vec<u8>>| -> Result<(), PublishError> {
            let key = Key::named(named, name);
            if diff.is_free(&key, format!("{}/{id}", Kind::endpoint(kind)), name) {
                items.extend(diff.items(vec![key], body?, true).0);
            }
            Ok(())
        };
    for t in catalog.types() {
        add(Kind::Type, Named::Type, t.id, &t.name, serde_json::to_vec(&t))?;
    }
    for ability in catalog.abilities() {
        add(Kind::Ability, Named::Ability, ability.id, &ability.name, serde_json::to_vec(&ability))?;
    }
    for m in catalog.moves() {
        add(Kind::Move, Named::Move, m.id, &m.name, serde_json::to_vec(&m))?;
    }
    Ok(store.put_each(meter, items).await?)
}

/// Deletes records whose facts are gone, unless suspiciously many are.
async fn remove_stale(store: &Store, meter: &Meter, diff: &mut Diff) -> Result<(), PublishError> {
    let records: Vec<&Key> = diff.heads.keys().filter(|key| key.is_record()).collect();
    let stale: Vec<Key> =
        records.iter().filter(|key| !diff.derived.contains(**key)).map(|key| (*key).clone()).collect();
    if is_suspicious(stale.len(), records.len()) {
        diff.done.problems.push(Problem {
            resource: "catalogue".to_owned(),
            reason: format!(
                "{} of {} records would vanish at once; they are kept",
                stale.len(),
                records.len()
            ),
        });
        return Ok(());
    }
    diff.done.removed = stale.len();
    Ok(store.delete(meter, stale).await?)
}

async fn put_index(
    store: &Store,
    meter: &Meter,
    index: &DexIndex,
    diff: &mut Diff,
) -> Result<(), PublishError> {
    let (bytes, version) = index.encode()?;
    // What readers would refuse must not count.
    DexIndex::decode(&bytes)?;
    let pointer = store.index_pointer(meter).await?;
    let before = pointer.as_ref().map(|pointer| pointer.version.as_str());
    let copies =
        (0..INDEX_COPIES).filter(|copy| diff.heads.contains_key(&Key::index_copy(&version, *copy))).count();
    diff.done.index_size.0 = bytes.len();
    if before != Some(&version) || copies < usize::from(INDEX_COPIES) {
        diff.done.index_size.1 = store.put_index(meter, &version, &bytes).await?;
        diff.done.index_written = true;
    }
    if before != Some(&version) {
        store.swap_index(meter, before, &version, diff.now).await?;
        // The version before stays: a reader may have read the pointer just ahead of the swap.
        let stored: BTreeSet<String> =
            diff.heads.keys().filter_map(Key::index_version).map(str::to_owned).collect();
        store.forget_indexes(meter, &stored, &[&version, before.unwrap_or_default()]).await?;
    }
    diff.done.index = version;
    Ok(())
}
