//! Facts in, items and index out. Everything is derived anew and only what differs is written, so a run that was
//! killed anywhere is completed by the next, and a run over the same facts writes nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::{
    Timestamp,
    catalog::{Catalog, Hidden, Problem, SHAPE},
    dex::{BadIndex, DexIndex, TimedPokemon},
    facts::{Facts, Kind},
};
use serde::Serialize;

use crate::{
    now as clock,
    store::{
        Body, Head, INDEX_COPIES, Key, Lease, Meter, Named, NewItem, Pointer, Store, StoreError, content_hash,
    },
};

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
    /// Fields that are not known: served as null.
    #[serde(skip)]
    pub gaps: Vec<Problem>,
}

#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a record cannot be made: {0}")]
    Record(String),
    #[error("the index cannot be made: {0}")]
    Index(String),
}

impl From<serde_json::Error> for PublishError {
    fn from(error: serde_json::Error) -> Self {
        Self::Record(error.to_string())
    }
}

impl From<std::io::Error> for PublishError {
    fn from(error: std::io::Error) -> Self {
        Self::Record(error.to_string())
    }
}

impl From<BadIndex> for PublishError {
    fn from(error: BadIndex) -> Self {
        Self::Index(error.to_string())
    }
}

/// Brings the stored catalogue to what `facts` say, and to what administrators have changed of it. What is new gets `now` as
/// its times.
///
/// # Errors
/// [`PublishError::Store`] when the engine does not answer or the lease was lost; whatever was written stays and is not
/// written again. With any other, nothing was written.
pub async fn publish(
    store: &Store,
    meter: &Meter,
    lease: &Lease,
    facts: &Facts,
    now: Timestamp,
) -> Result<Published, PublishError> {
    let overrides = store.overrides(meter).await?;
    let hidden = overrides.hidden(facts);
    let facts = overrides.apply(facts);
    let catalog = Catalog::new(&facts);
    let mut diff =
        Diff { heads: store.heads(meter).await?, now, derived: HashSet::new(), done: Published::default() };
    let (mut groups, timed) = pokemon(&catalog, &mut diff)?;
    groups.extend(others(&catalog, &mut diff)?);
    let (index, version) = DexIndex::build(&catalog, &timed).encode()?;
    // What readers would refuse must not count.
    DexIndex::decode(&index)?;

    store.put_groups(meter, lease, groups).await?;
    remove_stale(store, meter, lease, &hidden, &mut diff).await?;
    put_index(store, meter, lease, &index, version, overrides.revision, &mut diff).await?;
    for problem in &diff.done.problems {
        tracing::warn!(resource = problem.resource, reason = problem.reason, "a record is incomplete");
    }
    for gap in &diff.done.gaps {
        tracing::warn!(resource = gap.resource, reason = gap.reason, "a field is served as null");
    }
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
    fn items(&mut self, keys: Vec<Key>, json: Vec<u8>, form: Form) -> Result<Items, PublishError> {
        let hash = content_hash(&json);
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
            return Ok(Items { group: Vec::new(), created_at, updated_at });
        }
        self.done.written += keys.len();
        let body = match form {
            Form::Plain => Body::Plain(String::from_utf8(json).map_err(std::io::Error::other)?),
            Form::Packed => Body::packed(&json)?,
        };
        let item = |key| NewItem { key, body: body.clone(), hash: hash.clone(), created_at, updated_at };
        Ok(Items { group: keys.into_iter().map(item).collect(), created_at, updated_at })
    }
}

/// How a record's JSON is stored.
#[derive(Clone, Copy)]
enum Form {
    /// For what is read most: nothing to unpack.
    Plain,
    Packed,
}

/// A record's items, none where they are stored already, and its times.
struct Items {
    group: Vec<NewItem>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Items that stand or fall together.
type Group = Vec<NewItem>;

/// Each Pokémon's items stand or fall together: under its id, its slug and its species' name, its learnset and
/// its forms.
fn pokemon(catalog: &Catalog<'_>, diff: &mut Diff) -> Result<(Vec<Group>, Vec<TimedPokemon>), PublishError> {
    let (pokemon, problems) = catalog.pokemon();
    diff.done.problems = problems;
    diff.done.gaps = catalog.gaps();
    let aliases = catalog.species_aliases();
    let mut timed = Vec::with_capacity(pokemon.len());
    let mut groups = Vec::new();
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
        let main = diff.items(keys, serde_json::to_vec(&stored)?, Form::Plain)?;
        let Items { mut group, created_at, updated_at } = main;
        let (learnset, problems) = catalog.learnset(id);
        diff.done.problems.extend(problems);
        if !learnset.is_empty() {
            let json = serde_json::to_vec(&learnset)?;
            group.extend(diff.items(vec![Key::learnset(id)], json, Form::Packed)?.group);
        }
        let forms = catalog.cosmetic_forms(id);
        if !forms.is_empty() {
            group.extend(diff.items(vec![Key::forms(id)], serde_json::to_vec(&forms)?, Form::Packed)?.group);
        }
        timed.push(TimedPokemon { stored, created_at, updated_at });
        groups.push(group);
    }
    Ok((groups, timed))
}

/// Chains, types, abilities and moves: each item stands for itself.
fn others(catalog: &Catalog<'_>, diff: &mut Diff) -> Result<Vec<Group>, PublishError> {
    let mut groups = Vec::new();
    for evolution in catalog.evolutions() {
        let key = Key::chain(evolution.evolution_chain_id);
        groups.push(diff.items(vec![key], serde_json::to_vec(&evolution)?, Form::Packed)?.group);
    }
    let mut add =
        |kind, named, id, name: &str, body: serde_json::Result<Vec<u8>>| -> Result<(), PublishError> {
            let key = Key::named(named, name);
            if diff.is_free(&key, format!("{}/{id}", Kind::endpoint(kind)), name) {
                groups.push(diff.items(vec![key], body?, Form::Packed)?.group);
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
    Ok(groups)
}

/// Deletes records that somebody has hidden, and those whose facts are gone, unless suspiciously many of the latter are.
async fn remove_stale(
    store: &Store,
    meter: &Meter,
    lease: &Lease,
    hidden: &Hidden,
    diff: &mut Diff,
) -> Result<(), PublishError> {
    let hidden: HashSet<String> = (hidden.names.iter().map(Key::pokemon))
        .chain(hidden.chains.iter().map(|id| Key::chain(*id)))
        .map(|key| key.pk)
        .collect();
    let records: Vec<&Key> = diff.heads.keys().filter(|key| key.is_record()).collect();
    let stale = records.iter().filter(|key| !diff.derived.contains(**key)).map(|key| (*key).clone());
    let (mut stale, lost): (Vec<Key>, Vec<Key>) = stale.partition(|key| hidden.contains(&key.pk));
    let (gone, all) = (lost.len(), records.len());
    if is_suspicious(gone, all) {
        let reason = format!("{gone} of {all} records would vanish at once; they are kept");
        diff.done.problems.push(Problem { resource: "catalogue".to_owned(), reason });
    } else {
        stale.extend(lost);
    }
    if stale.is_empty() {
        return Ok(());
    }
    diff.done.removed = stale.len();
    store.renew_lease(meter, lease, clock()).await?;
    Ok(store.delete(meter, stale).await?)
}

async fn put_index(
    store: &Store,
    meter: &Meter,
    lease: &Lease,
    index: &[u8],
    version: String,
    overrides: u64,
    diff: &mut Diff,
) -> Result<(), PublishError> {
    let pointer = store.latest_index_pointer(meter).await?;
    let before = pointer.as_ref().map(|pointer| pointer.version.as_str());
    let is_whole = |copy| {
        let head = diff.heads.get(&Key::index_copy(&version, copy));
        head.is_some_and(|head| head.hash == version)
    };
    let copies = (0..INDEX_COPIES).filter(|copy| is_whole(*copy)).count();
    diff.done.index_size.0 = index.len();
    if before != Some(&version) || copies < usize::from(INDEX_COPIES) {
        diff.done.index_size.1 = store.put_index(meter, &version, index).await?;
        diff.done.index_written = true;
    }
    let is_of_before = |pointer: &Pointer| pointer.shape != SHAPE || pointer.overrides != overrides;
    if before != Some(&version) || pointer.as_ref().is_some_and(is_of_before) {
        store.renew_lease(meter, lease, clock()).await?;
        store.swap_index(meter, before, &Pointer::new(&version, overrides, diff.now)).await?;
        let forgotten = diff.heads.keys().filter_map(Key::index_version).filter(|stored| {
            // The version before stays: a reader may have read the pointer just ahead of the swap.
            let keep = [Some(version.as_str()), before].contains(&Some(stored));
            !keep && !is_of_another_release(stored)
        });
        let forgotten: BTreeSet<String> = forgotten.map(str::to_owned).collect();
        store.forget_indexes(meter, &forgotten).await?;
    }
    diff.done.index = version;
    Ok(())
}

/// Whether functions of the release before this, or of one that was rolled back to this, may read this version.
fn is_of_another_release(version: &str) -> bool {
    let format = version.split_once('-').and_then(|(format, _)| format.parse::<u32>().ok());
    format.is_some_and(|format| format + 1 == DexIndex::FORMAT || format > DexIndex::FORMAT)
}
