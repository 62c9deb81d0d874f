//! Publishes the catalogue: derives all items and the index from the facts, and writes only what differs. The next run therefore completes
//! a run that was killed at any point, and a run over the same facts writes nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::{
    Timestamp,
    catalog::{Catalog, Claims, Hidden, NameTable, Problem},
    dex::{BadIndex, Dex, DexIndex, TimedPokemon},
    facts::{Facts, Kind},
};
use serde::Serialize;

use crate::{
    now as clock,
    store::{
        Body, CatalogStore, Head, INDEX_COPIES, Key, Lease, Meter, Named, NewItem, Pointer, StoreError,
        content_hash,
    },
};

/// Whether `gone` of `all` are so many that an accident at the source is more likely than a real removal.
#[must_use]
pub fn is_suspicious(gone: usize, all: usize) -> bool {
    gone * 2 > all || (gone > 10 && gone * 20 > all)
}

/// Records that would vanish at once because their facts, or facts that they depend on, no longer exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The kind and the id of each record.
    pub records: BTreeSet<(Kind, u32)>,
    /// The number of records that are published.
    pub all: usize,
}

/// The result of a publication.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Published {
    /// Items written because they were new or differed.
    pub written: usize,
    pub unchanged: usize,
    /// Items deleted because their facts no longer exist.
    pub removed: usize,
    /// The version of the dex index that is current now.
    pub index: String,
    pub index_written: bool,
    /// Bytes of the index, before and after compression; the latter is 0 if the index was not written.
    pub index_size: (usize, usize),
    #[serde(skip)]
    pub problems: Vec<Problem>,
    /// Unknown fields, served as null.
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
    #[error("{} of {} records would vanish at once", .0.records.len(), .0.all)]
    Loss(Loss),
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

/// Makes the stored catalogue match `facts` and the changes of administrators. New items get `now` as their times. The records of
/// `approved` may vanish, however many they are.
///
/// # Errors
/// [`PublishError::Store`] if the engine does not answer or the lease was lost; items that were already written stay and are not written
/// again. With any other error, nothing was written.
pub async fn publish(
    store: &CatalogStore,
    meter: &Meter,
    lease: &Lease,
    facts: &Facts,
    now: Timestamp,
    approved: &BTreeSet<(Kind, u32)>,
) -> Result<Published, PublishError> {
    let overrides = store.overrides(meter).await?;
    let hidden = overrides.hidden(facts);
    let facts = overrides.apply(facts);
    let (addresses, pictures) = store.addresses(meter).await?;
    let catalog = Catalog::new(&facts).with_pictures(&addresses);
    let mut diff =
        Diff { heads: store.heads(meter).await?, now, derived: HashSet::new(), done: Published::default() };
    let (mut groups, timed) = pokemon(&catalog, &mut diff)?;
    groups.extend(others(&catalog, &mut diff)?);
    let (index, version) = DexIndex::build(&catalog, &timed).encode()?;
    // An index that readers would reject must not become current.
    Dex::load(&index, &version, "")?.generations()?;
    let stale = stale(&hidden, approved, &diff)?;

    let pointer = store.latest_index_pointer(meter).await?;
    let next = Pointer { pictures, ..Pointer::new(version, overrides.revision, now) };
    if diff.done.written > 0 || !stale.is_empty() {
        // Before the first write: the edge forgets what was stored before, also if this publication is not completed.
        store.mark_changed(meter, lease, clock()).await?;
        mark_partial(store, meter, pointer.as_ref(), &next).await?;
    }
    store.put_groups(meter, lease, groups).await?;
    remove(store, meter, stale, &mut diff).await?;
    put_index(store, meter, lease, &index, (pointer, next), &mut diff).await?;
    if diff.done.written > 0 || diff.done.removed > 0 {
        // Again at the end: functions may have read former records until now.
        store.mark_changed(meter, lease, clock()).await?;
    }
    for problem in &diff.done.problems {
        tracing::warn!(resource = problem.resource, reason = problem.reason, "a record is incomplete");
    }
    for gap in &diff.done.gaps {
        tracing::warn!(resource = gap.resource, reason = gap.reason, "a field is served as null");
    }
    Ok(diff.done)
}

/// A comparison of the stored items with the derived ones.
struct Diff {
    heads: HashMap<Key, Head>,
    now: Timestamp,
    derived: HashSet<Key>,
    done: Published,
}

impl Diff {
    /// Reports the slugs that another record keeps: two records with one key would make every write fail, permanently.
    fn refuse(&mut self, kind: Kind, names: &NameTable) {
        self.done.problems.extend(names.refused.iter().map(|(id, name)| Problem {
            resource: format!("{}/{id}", kind.endpoint()),
            reason: format!("its name {name} is another's"),
        }));
    }

    /// The keys of the record `id`: the id, then its names.
    fn keys(&self, kind: Named, id: u32, names: &NameTable) -> Vec<Key> {
        let names = names.keys.get(&id).into_iter().flatten();
        std::iter::once(Key::named(kind, id)).chain(names.map(|name| Key::named(kind, name))).collect()
    }

    /// The items that list the records sharing a name, each a group of its own.
    fn shared(&mut self, kind: Named, names: &NameTable) -> Result<Vec<Group>, PublishError> {
        let groups = names.shared.iter().map(|(key, slugs)| {
            Ok(self.items(vec![Key::shared(kind, key)], serde_json::to_vec(slugs)?, Form::Plain)?.group)
        });
        groups.collect()
    }

    /// The names of the records of `kind`; adds the items for shared names to `groups`.
    fn named(
        &mut self,
        kind: Kind,
        named: Named,
        claims: &[Claims],
        groups: &mut Vec<Group>,
    ) -> Result<NameTable, PublishError> {
        let names = NameTable::new(claims);
        self.refuse(kind, &names);
        groups.extend(self.shared(named, &names)?);
        Ok(names)
    }

    /// The items under `keys` for `json`, if any of them differs, and the record's times.
    fn items(&mut self, keys: Vec<Key>, json: Vec<u8>, form: Form) -> Result<Items, PublishError> {
        let hash = content_hash(&json);
        let stored = self.heads.get(&keys[0]);
        let created_at = stored.map_or(self.now, |head| head.created_at);
        let same = keys.iter().all(|key| self.heads.get(key).is_some_and(|head| head.hash == hash));
        let updated_at = match stored {
            // Only another key of the same record differs: the record itself has not changed.
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

/// The storage form of a record's JSON.
#[derive(Clone, Copy)]
enum Form {
    /// Stores the JSON uncompressed, for the records that are read most often.
    Plain,
    Packed,
}

/// The items of a record, empty if all are stored already, and its times.
struct Items {
    group: Vec<NewItem>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Items that are written together or not at all.
type Group = Vec<NewItem>;

/// The maximum number of items in one transaction.
const GROUP: usize = 100;

/// Each Pokémon's items: the record under its id, its slug and every other name, its learnset and its forms. They form one group. A Pokémon
/// with more names than a transaction can hold (Alcremie has 190) is the exception: its last names are groups of their own.
fn pokemon(catalog: &Catalog<'_>, diff: &mut Diff) -> Result<(Vec<Group>, Vec<TimedPokemon>), PublishError> {
    let (pokemon, problems) = catalog.pokemon();
    diff.done.problems = problems;
    diff.done.gaps = catalog.gaps();
    let names = NameTable::new(&catalog.claims(&pokemon));
    diff.refuse(Kind::Pokemon, &names);
    let mut timed = Vec::with_capacity(pokemon.len());
    let mut groups = diff.shared(Named::Pokemon, &names)?;
    for stored in pokemon {
        let id = stored.pokemon.id;
        let keys = diff.keys(Named::Pokemon, id, &names);
        // A Pokémon shows the times of its main item.
        let main = diff.items(keys, serde_json::to_vec(&stored)?, Form::Plain)?;
        let Items { group: records, created_at, updated_at } = main;
        let mut group = Vec::with_capacity(records.len() + 2);
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
        group.extend(records);
        timed.push(TimedPokemon { stored, created_at, updated_at });
        groups.extend(group.chunks(GROUP).map(<[NewItem]>::to_vec));
    }
    Ok((groups, timed))
}

/// The items of chains, types, abilities and moves: each record, under its id and all its names, is a group.
fn others(catalog: &Catalog<'_>, diff: &mut Diff) -> Result<Vec<Group>, PublishError> {
    let mut groups = Vec::new();
    for evolution in catalog.evolutions() {
        let key = Key::chain(evolution.evolution_chain_id);
        groups.push(diff.items(vec![key], serde_json::to_vec(&evolution)?, Form::Packed)?.group);
    }
    let names = diff.named(Kind::Type, Named::Type, &catalog.type_claims(), &mut groups)?;
    for t in catalog.types() {
        let keys = diff.keys(Named::Type, t.id, &names);
        groups.push(diff.items(keys, serde_json::to_vec(&t)?, Form::Packed)?.group);
    }
    let names = diff.named(Kind::Ability, Named::Ability, &catalog.ability_claims(), &mut groups)?;
    for ability in catalog.abilities() {
        let keys = diff.keys(Named::Ability, ability.id, &names);
        groups.push(diff.items(keys, serde_json::to_vec(&ability)?, Form::Packed)?.group);
    }
    let names = diff.named(Kind::Move, Named::Move, &catalog.move_claims(), &mut groups)?;
    for m in catalog.moves() {
        let keys = diff.keys(Named::Move, m.id, &names);
        groups.push(diff.items(keys, serde_json::to_vec(&m)?, Form::Packed)?.group);
    }
    Ok(groups)
}

/// Returns the items to delete: those of records that an administrator has hidden, and of records that are no longer derived.
///
/// # Errors
/// [`PublishError::Loss`] if suspiciously many of the latter would vanish, not counting those of `approved`.
fn stale(hidden: &Hidden, approved: &BTreeSet<(Kind, u32)>, diff: &Diff) -> Result<Vec<Key>, PublishError> {
    let hidden: HashSet<String> = (hidden.names.iter().map(Key::pokemon))
        .chain(hidden.chains.iter().map(|id| Key::chain(*id)))
        .map(|key| key.pk)
        .collect();
    let published: Vec<_> = diff.heads.keys().filter_map(|key| Some((key, key.resource()?))).collect();
    let is_lost = |key: &Key| !diff.derived.contains(key) && !hidden.contains(&key.pk);
    let lost = published.iter().filter(|(key, record)| is_lost(key) && !approved.contains(record));
    let records: BTreeSet<(Kind, u32)> = lost.map(|(_, record)| *record).collect();
    if is_suspicious(records.len(), published.len()) {
        return Err(PublishError::Loss(Loss { records, all: published.len() }));
    }
    let stale = diff.heads.keys().filter(|key| key.is_record() && !diff.derived.contains(*key));
    Ok(stale.cloned().collect())
}

async fn remove(
    store: &CatalogStore,
    meter: &Meter,
    stale: Vec<Key>,
    diff: &mut Diff,
) -> Result<(), PublishError> {
    if stale.is_empty() {
        return Ok(());
    }
    diff.done.removed = stale.len();
    Ok(store.delete(meter, stale).await?)
}

/// Marks the pointer before the first write of a publication with another shape or other pictures. If it is cut off, and the program or
/// the setting then returns to the former one, the mark shows that records have to be published again.
async fn mark_partial(
    store: &CatalogStore,
    meter: &Meter,
    pointer: Option<&Pointer>,
    next: &Pointer,
) -> Result<(), StoreError> {
    match pointer {
        Some(pointer) if !pointer.is_partial && differs_in_kind(pointer, next) => {
            let marked = Pointer { is_partial: true, ..pointer.clone() };
            store.swap_index(meter, Some(&pointer.version), &marked).await
        }
        _ => Ok(()),
    }
}

fn differs_in_kind(pointer: &Pointer, next: &Pointer) -> bool {
    (pointer.shape, &pointer.pictures) != (next.shape, &next.pictures)
}

async fn put_index(
    store: &CatalogStore,
    meter: &Meter,
    lease: &Lease,
    index: &[u8],
    (pointer, next): (Option<Pointer>, Pointer),
    diff: &mut Diff,
) -> Result<(), PublishError> {
    let version = next.version.clone();
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
    let is_next = |pointer: &Pointer| Pointer { swapped_at: next.swapped_at, ..pointer.clone() } == next;
    if !pointer.as_ref().is_some_and(is_next) {
        store.mark_changed(meter, lease, clock()).await?;
        store.swap_index(meter, before, &next).await?;
        let forgotten = diff.heads.keys().filter_map(Key::index_version).filter(|stored| {
            // The previous version stays: a reader may have read the pointer just before the swap.
            let keep = [Some(version.as_str()), before].contains(&Some(stored));
            !keep && !is_of_another_release(stored)
        });
        let forgotten: BTreeSet<String> = forgotten.map(str::to_owned).collect();
        store.forget_indexes(meter, &forgotten).await?;
    }
    diff.done.index = version;
    Ok(())
}

/// Whether functions of the previous release, or of a newer release that was rolled back, may read this version.
fn is_of_another_release(version: &str) -> bool {
    let format = version.split_once('-').and_then(|(format, _)| format.parse::<u32>().ok());
    format.is_some_and(|format| format + 1 == DexIndex::FORMAT || format > DexIndex::FORMAT)
}
