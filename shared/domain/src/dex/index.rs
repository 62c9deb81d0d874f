//! The index as a publication builds it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    bytes::Writer,
    columns::{Columns, type_bit},
    filter_names::{self, FilterNames},
    pieces::pieces,
    row::{PokemonRow, TimedPokemon},
    rows, search,
};
use crate::{
    catalog::{Catalog, Claims, StoredPokemon},
    normalise,
};

/// An index that this program cannot write or read.
#[derive(Debug, thiserror::Error)]
pub enum BadIndex {
    #[error("the index is not readable: {0}")]
    Malformed(&'static str),
    #[error("the index contains JSON that is not readable: {0}")]
    Json(serde_json::Error),
    #[error("the index has format {0}, this program reads format {format}", format = DexIndex::FORMAT)]
    Format(u32),
    #[error(
        "the index holds {0} Pokémon and {1} types, more than the 65,535 and 64 that this program can number"
    )]
    TooMany(usize, usize),
}

// The text of the variant already contains the cause: with a source, it would appear twice in an error chain.
impl From<serde_json::Error> for BadIndex {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

/// Every Pokémon with each listed or filterable field, and the names that filters accept. The publication stores it.
#[derive(Clone, Debug)]
pub struct DexIndex<'a> {
    /// Every type, by name; positions in this list stand for types.
    pub types: Vec<&'a str>,
    /// Every ability, by name; positions in this list stand for abilities.
    pub abilities: Vec<&'a str>,
    /// The names of types that a filter may use.
    pub type_names: FilterNames,
    /// The names of abilities that a filter may use.
    pub ability_names: FilterNames,
    pub generations: Vec<IndexedGeneration>,
    /// The generations, sorted by id.
    pub rows: Vec<IndexRow<'a>>,
}

/// A Pokémon of the index.
#[derive(Clone, Debug)]
pub struct IndexRow<'a> {
    /// The row as lists show it, with paths instead of the addresses of its pictures.
    pub row: PokemonRow<'a>,
    /// The normalised names by which a search finds it.
    pub names: BTreeSet<String>,
    /// The normalised names of its forms, for searches among all forms.
    pub forms: Vec<String>,
}

/// A generation without the additions from our own data file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedGeneration {
    pub id: u32,
    /// "Generation II".
    pub title: String,
    /// Slug.
    pub region: Option<String>,
    /// Served species that it introduced.
    pub species: u32,
    /// Least and greatest id of these species; `None` for a generation without species.
    pub ids: Option<(u32, u32)>,
    /// Its games, by version group.
    pub games: Vec<String>,
}

impl<'a> DexIndex<'a> {
    /// The version of the format. It is raised with every change of the index's shape.
    pub const FORMAT: u32 = 3;
    /// The maximum number of types: filters compare one bit for each.
    const MOST_TYPES: usize = 64;

    /// Builds the index of `pokemon`, which must be in id order.
    #[must_use]
    pub fn build(catalog: &Catalog<'a>, pokemon: &'a [TimedPokemon]) -> Self {
        let facts = catalog.facts();
        let mut types: Vec<&str> = facts.types.values().map(|t| t.name.as_str()).collect();
        let mut abilities: Vec<&str> = facts.abilities.values().map(|a| a.name.as_str()).collect();
        // A name that only a Pokémon refers to (because its own resource failed to sync) can still be listed and used as a filter.
        for p in pokemon {
            types.extend(p.stored.pokemon.types.iter().map(String::as_str));
            abilities.extend(p.stored.pokemon.abilities.iter().map(String::as_str));
        }
        for names in [&mut types, &mut abilities] {
            names.sort_unstable();
            names.dedup();
        }
        let rows = pokemon.iter().map(|timed| {
            let (names, forms) = search_keys(catalog, &timed.stored);
            IndexRow { row: PokemonRow::new(timed, ""), names, forms }
        });
        Self {
            rows: rows.collect(),
            type_names: FilterNames::build(&types, &catalog.type_claims()),
            ability_names: FilterNames::build(&abilities, &catalog.ability_claims()),
            types,
            abilities,
            generations: generations(catalog, pokemon),
        }
    }

    /// Returns the bytes to store, before compression, and their version: the format and the first 16 hexadecimal digits of their SHA-256,
    /// so that equal catalogues have equal versions.
    ///
    /// # Errors
    /// [`BadIndex::TooMany`].
    pub fn encode(&self) -> Result<(Vec<u8>, String), BadIndex> {
        if self.rows.len() > usize::from(u16::MAX) || self.types.len() > Self::MOST_TYPES {
            return Err(BadIndex::TooMany(self.rows.len(), self.types.len()));
        }
        let columns = Columns::new(self);
        let had: u64 = columns.types.iter().fold(0, |all, bits| all | bits);
        let types: Vec<_> = (0..).zip(&self.types).filter(|(nth, _)| had & type_bit(*nth) != 0).collect();
        let types: Vec<_> = types.into_iter().map(|(_, name)| name).collect();
        let rows: Result<Vec<_>, _> = self.rows.iter().map(|row| pieces(&row.row, row.row.id)).collect();
        let mut writer = Writer::new(Self::FORMAT);
        columns.write(&mut writer);
        rows::write(&mut writer, &rows?);
        search::write(&mut writer, &self.rows);
        filter_names::write(&mut writer, &self.types, &self.type_names);
        filter_names::write(&mut writer, &self.abilities, &self.ability_names);
        writer.bytes(&serde_json::to_vec(&types)?);
        writer.u32s(&self.generations.iter().map(|generation| generation.id).collect::<Vec<_>>());
        writer.bytes(&serde_json::to_vec(&self.generations)?);
        let bytes = writer.finish();
        let hash: String = Sha256::digest(&bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((bytes, format!("{}-{hash}", Self::FORMAT)))
    }
}

/// The positions in `all` (sorted) of `some` of its texts.
pub(super) fn places(all: &[&str], some: &[&str]) -> impl Iterator<Item = u16> {
    some.iter().map(|name| all.binary_search(name).unwrap_or_default() as u16)
}

/// The search keys of a Pokémon's own names, and those of its forms' names that are not among them.
fn search_keys(catalog: &Catalog<'_>, stored: &StoredPokemon) -> (BTreeSet<String>, Vec<String>) {
    let p = &stored.pokemon;
    let mut known: BTreeSet<String> =
        [&p.name, &p.display_name, &p.species].map(|name| normalise(name)).into();
    let mut names = known.clone();
    let Some(facts) = catalog.facts().pokemon.get(&p.id) else { return (names, Vec::new()) };
    let claims = Claims::of_pokemon(catalog.facts(), facts, &p.display_name, p.is_default);
    let own_names = [std::slice::from_ref(&claims.slug), &claims.species, &claims.display].concat();
    names.extend(Claims::search_keys(&own_names, &mut known));
    (names, Claims::search_keys(&claims.forms, &mut known))
}

/// The known generations, and those that only a served Pokémon or species names, because filters accept these as well.
fn generations(catalog: &Catalog<'_>, pokemon: &[TimedPokemon]) -> Vec<IndexedGeneration> {
    let facts = catalog.facts();
    let mut species: BTreeMap<u32, Vec<u32>> = facts.generations.keys().map(|id| (*id, Vec::new())).collect();
    for p in pokemon {
        species.entry(p.stored.pokemon.generation).or_default();
    }
    for s in catalog.served_species() {
        species.entry(s.generation).or_default().push(s.id);
    }
    let all = species.into_iter().map(|(id, ids)| {
        let known = facts.generations.get(&id);
        let mut groups: Vec<_> = facts.version_groups.values().filter(|v| v.generation == id).collect();
        groups.sort_by_key(|group| (group.order.is_none(), group.order, group.id));
        IndexedGeneration {
            id,
            title: known.and_then(|g| g.display_name.clone()).unwrap_or_else(|| format!("Generation {id}")),
            region: known.and_then(|g| g.region.clone()),
            species: ids.len() as u32,
            // Species come in id order.
            ids: ids.first().copied().zip(ids.last().copied()),
            games: groups.into_iter().flat_map(|group| group.versions.clone()).collect(),
        }
    });
    all.collect()
}
