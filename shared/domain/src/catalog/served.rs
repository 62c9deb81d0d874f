//! The Pokémon that are served. Counts, defaults and references are derived from them, never from facts alone.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use super::problem::Problem;
use crate::facts::{ChainLink, Facts, FormFacts, PokemonFacts, SpeciesFacts};

/// A Pokémon for which a record can be derived, with the facts that the record needs.
#[derive(Clone, Copy)]
pub(super) struct ServedPokemon<'a> {
    pub facts: &'a PokemonFacts,
    pub species: &'a SpeciesFacts,
    /// Its default form, or else its first.
    pub form: &'a FormFacts,
    pub generation: u32,
}

/// The served Pokémon, and the served Pokémon of each species.
pub(super) struct Served<'a> {
    /// In id order.
    pub pokemon: Vec<ServedPokemon<'a>>,
    /// The reason why each of the other Pokémon is not served.
    pub problems: Vec<Problem>,
    species: BTreeMap<u32, ServedSpecies<'a>>,
    chain_of: HashMap<u32, u32>,
}

struct ServedSpecies<'a> {
    facts: &'a SpeciesFacts,
    default: u32,
    /// In the order of the species' document.
    varieties: Vec<&'a PokemonFacts>,
}

impl<'a> Served<'a> {
    pub(super) fn new(facts: &'a Facts) -> Self {
        let (mut pokemon, mut problems) = (Vec::new(), Vec::new());
        for p in facts.pokemon.values() {
            match complete(facts, p) {
                Ok(one) => pokemon.push(one),
                Err(reason) => problems.push(Problem { resource: format!("pokemon/{}", p.id), reason }),
            }
        }
        let mut by_species: BTreeMap<u32, Vec<ServedPokemon<'_>>> = BTreeMap::new();
        for p in &pokemon {
            by_species.entry(p.species.id).or_default().push(*p);
        }
        let species = by_species.into_iter().filter_map(|(id, all)| Some((id, ServedSpecies::of(&all)?)));
        let mut served = Self { species: species.collect(), pokemon, problems, chain_of: HashMap::new() };
        served.chain_of = served.chains_of_species(facts);
        served
    }

    /// The species with at least one served Pokémon, in id order.
    pub(super) fn species(&self) -> impl Iterator<Item = &'a SpeciesFacts> + '_ {
        self.species.values().map(|one| one.facts)
    }

    /// The Pokémon that represents a species; `None` if the species is not served.
    pub(super) fn default_of(&self, species: u32) -> Option<u32> {
        self.species.get(&species).map(|one| one.default)
    }

    /// The served Pokémon of a species.
    pub(super) fn varieties(&self, species: u32) -> &[&'a PokemonFacts] {
        self.species.get(&species).map(|one| one.varieties.as_slice()).unwrap_or_default()
    }

    /// The evolution chain that a species names and that contains it.
    pub(super) fn chain_of(&self, species: u32) -> Option<u32> {
        self.chain_of.get(&species).copied()
    }

    fn chains_of_species(&self, facts: &Facts) -> HashMap<u32, u32> {
        let chains = self.species().filter_map(|species| {
            let chain = facts.chains.get(&species.evolution_chain?)?;
            holds(&chain.root, species.id).then_some((species.id, chain.id))
        });
        chains.collect()
    }
}

impl<'a> ServedSpecies<'a> {
    /// Returns the species of `pokemon`, which must be all its served Pokémon.
    fn of(pokemon: &[ServedPokemon<'a>]) -> Option<Self> {
        let species = pokemon.first()?.species;
        let variety = |p: &PokemonFacts| species.varieties.iter().position(|v| v.pokemon == p.id);
        let place = |p: &PokemonFacts| (variety(p).unwrap_or(usize::MAX), p.id);
        let mut varieties: Vec<&PokemonFacts> = pokemon.iter().map(|p| p.facts).collect();
        varieties.sort_by_key(|p| place(p));
        // The source's default represents the species, unless it is rejected or hidden: then the next Pokémon does.
        let is_listed_default =
            |p: &PokemonFacts| variety(p).is_some_and(|at| species.varieties[at].is_default);
        let default =
            varieties.iter().max_by_key(|p| (p.is_default, is_listed_default(p), Reverse(place(p))))?;
        Some(Self { facts: species, default: default.id, varieties })
    }
}

fn complete<'a>(facts: &'a Facts, p: &'a PokemonFacts) -> Result<ServedPokemon<'a>, String> {
    let species = facts.species.get(&p.species);
    let species = species.ok_or_else(|| format!("its species {} is not known", p.species))?;
    let form = p.leading_form(&facts.forms).ok_or("none of its forms is known")?;
    let group = facts.version_groups.get(&form.version_group);
    let group =
        group.ok_or_else(|| format!("version group {} of its form is not known", form.version_group))?;
    Ok(ServedPokemon { facts: p, species, form, generation: group.generation })
}

fn holds(link: &ChainLink, species: u32) -> bool {
    link.species == species || link.evolves_to.iter().any(|next| holds(next, species))
}
