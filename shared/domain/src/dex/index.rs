//! The index as a publication builds it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    filter_names::FilterNames,
    row::{PokemonRow, TimedPokemon},
};
use crate::{
    catalog::{Catalog, Claims, StoredPokemon},
    normalise,
};

/// Every Pokémon with each listed or filterable field, and the names that filters accept. The publication stores it.
#[derive(Clone, Debug)]
pub struct DexIndex<'a> {
    /// Every type, by name; a type is represented by its position in this list.
    pub types: Vec<&'a str>,
    /// Every ability, by name; an ability is represented by its position in this list.
    pub abilities: Vec<&'a str>,
    /// The names of types that a filter may use.
    pub type_names: FilterNames,
    /// The names of abilities that a filter may use.
    pub ability_names: FilterNames,
    /// Every generation, in id order.
    pub generations: Vec<IndexedGeneration>,
    /// Every Pokémon, in id order.
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
