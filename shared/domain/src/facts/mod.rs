//! The data kept from each PokeAPI resource: facts (ids, names, numbers, edges, paths of pictures) without prose.
//!
//! The facts are the source of truth of the catalogue: the sync collects them, the snapshot contains them, and
//! [`crate::catalog`] derives every published record from them.

mod assets;
mod learnset;
mod past;
mod plausibility;
mod resources;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use assets::{Art, AssetKind};
pub use learnset::{BadLearnset, Learned, LearnsetFacts};
pub use past::{PastAbilities, PastAbilitySlot, PastStats, PastTypes};
pub use plausibility::Doubt;
pub use resources::{
    AbilityFacts, AbilitySlot, ChainFacts, ChainLink, DamageRelations, FormFacts, GenerationFacts, MoveFacts,
    PokemonFacts, SpeciesFacts, Sprites, Stats, TypeFacts, Variety, VersionGroupFacts,
};

/// The version of the facts' shape. It is raised whenever facts keep other data of a document. An ETag is valid only under the version at
/// which its document was reduced: under another version, the sync requests the document again.
pub const KEPT: u32 = 3;

/// The resource kinds that a sync reads, in the order in which it reads them: a kind comes before the kinds that refer
/// to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    VersionGroup,
    Generation,
    Type,
    Ability,
    Move,
    PokemonSpecies,
    PokemonForm,
    Pokemon,
    EvolutionChain,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::VersionGroup,
        Self::Generation,
        Self::Type,
        Self::Ability,
        Self::Move,
        Self::PokemonSpecies,
        Self::PokemonForm,
        Self::Pokemon,
        Self::EvolutionChain,
    ];

    /// PokeAPI's name of the endpoint, also used in keys and files.
    #[must_use]
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::VersionGroup => "version-group",
            Self::Generation => "generation",
            Self::Type => "type",
            Self::Ability => "ability",
            Self::Move => "move",
            Self::PokemonSpecies => "pokemon-species",
            Self::PokemonForm => "pokemon-form",
            Self::Pokemon => "pokemon",
            Self::EvolutionChain => "evolution-chain",
        }
    }
}

/// The facts of one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fact {
    VersionGroup(VersionGroupFacts),
    Generation(GenerationFacts),
    Type(TypeFacts),
    Ability(AbilityFacts),
    Move(MoveFacts),
    PokemonSpecies(SpeciesFacts),
    PokemonForm(FormFacts),
    Pokemon(Box<PokemonFacts>),
    EvolutionChain(ChainFacts),
}

impl Fact {
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::VersionGroup(_) => Kind::VersionGroup,
            Self::Generation(_) => Kind::Generation,
            Self::Type(_) => Kind::Type,
            Self::Ability(_) => Kind::Ability,
            Self::Move(_) => Kind::Move,
            Self::PokemonSpecies(_) => Kind::PokemonSpecies,
            Self::PokemonForm(_) => Kind::PokemonForm,
            Self::Pokemon(_) => Kind::Pokemon,
            Self::EvolutionChain(_) => Kind::EvolutionChain,
        }
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        match self {
            Self::VersionGroup(f) => f.id,
            Self::Generation(f) => f.id,
            Self::Type(f) => f.id,
            Self::Ability(f) => f.id,
            Self::Move(f) => f.id,
            Self::PokemonSpecies(f) => f.id,
            Self::PokemonForm(f) => f.id,
            Self::Pokemon(f) => f.id,
            Self::EvolutionChain(f) => f.id,
        }
    }
}

impl Fact {
    /// Returns the first reason to doubt this fact, if there is one.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        match self {
            Self::Pokemon(pokemon) => plausibility::of_pokemon(pokemon),
            Self::PokemonSpecies(species) => plausibility::of_species(species),
            _ => None,
        }
    }
}

/// Every fact, by kind and id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    pub version_groups: BTreeMap<u32, VersionGroupFacts>,
    pub generations: BTreeMap<u32, GenerationFacts>,
    pub types: BTreeMap<u32, TypeFacts>,
    pub abilities: BTreeMap<u32, AbilityFacts>,
    pub moves: BTreeMap<u32, MoveFacts>,
    pub species: BTreeMap<u32, SpeciesFacts>,
    pub forms: BTreeMap<u32, FormFacts>,
    pub pokemon: BTreeMap<u32, PokemonFacts>,
    pub chains: BTreeMap<u32, ChainFacts>,
}

impl Facts {
    pub fn insert(&mut self, fact: Fact) {
        let id = fact.id();
        match fact {
            Fact::VersionGroup(f) => drop(self.version_groups.insert(id, f)),
            Fact::Generation(f) => drop(self.generations.insert(id, f)),
            Fact::Type(f) => drop(self.types.insert(id, f)),
            Fact::Ability(f) => drop(self.abilities.insert(id, f)),
            Fact::Move(f) => drop(self.moves.insert(id, f)),
            Fact::PokemonSpecies(f) => drop(self.species.insert(id, f)),
            Fact::PokemonForm(f) => drop(self.forms.insert(id, f)),
            Fact::Pokemon(f) => drop(self.pokemon.insert(id, *f)),
            Fact::EvolutionChain(f) => drop(self.chains.insert(id, f)),
        }
    }

    #[must_use]
    pub fn get(&self, kind: Kind, id: u32) -> Option<Fact> {
        match kind {
            Kind::VersionGroup => self.version_groups.get(&id).cloned().map(Fact::VersionGroup),
            Kind::Generation => self.generations.get(&id).cloned().map(Fact::Generation),
            Kind::Type => self.types.get(&id).cloned().map(Fact::Type),
            Kind::Ability => self.abilities.get(&id).cloned().map(Fact::Ability),
            Kind::Move => self.moves.get(&id).cloned().map(Fact::Move),
            Kind::PokemonSpecies => self.species.get(&id).cloned().map(Fact::PokemonSpecies),
            Kind::PokemonForm => self.forms.get(&id).cloned().map(Fact::PokemonForm),
            Kind::Pokemon => self.pokemon.get(&id).cloned().map(|f| Fact::Pokemon(Box::new(f))),
            Kind::EvolutionChain => self.chains.get(&id).cloned().map(Fact::EvolutionChain),
        }
    }

    pub fn remove(&mut self, kind: Kind, id: u32) {
        match kind {
            Kind::VersionGroup => drop(self.version_groups.remove(&id)),
            Kind::Generation => drop(self.generations.remove(&id)),
            Kind::Type => drop(self.types.remove(&id)),
            Kind::Ability => drop(self.abilities.remove(&id)),
            Kind::Move => drop(self.moves.remove(&id)),
            Kind::PokemonSpecies => drop(self.species.remove(&id)),
            Kind::PokemonForm => drop(self.forms.remove(&id)),
            Kind::Pokemon => drop(self.pokemon.remove(&id)),
            Kind::EvolutionChain => drop(self.chains.remove(&id)),
        }
    }

    /// The ids of `kind`, ascending.
    #[must_use]
    pub fn ids(&self, kind: Kind) -> Vec<u32> {
        match kind {
            Kind::VersionGroup => self.version_groups.keys().copied().collect(),
            Kind::Generation => self.generations.keys().copied().collect(),
            Kind::Type => self.types.keys().copied().collect(),
            Kind::Ability => self.abilities.keys().copied().collect(),
            Kind::Move => self.moves.keys().copied().collect(),
            Kind::PokemonSpecies => self.species.keys().copied().collect(),
            Kind::PokemonForm => self.forms.keys().copied().collect(),
            Kind::Pokemon => self.pokemon.keys().copied().collect(),
            Kind::EvolutionChain => self.chains.keys().copied().collect(),
        }
    }

    /// The number of facts of `kind`.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::VersionGroup => self.version_groups.len(),
            Kind::Generation => self.generations.len(),
            Kind::Type => self.types.len(),
            Kind::Ability => self.abilities.len(),
            Kind::Move => self.moves.len(),
            Kind::PokemonSpecies => self.species.len(),
            Kind::PokemonForm => self.forms.len(),
            Kind::Pokemon => self.pokemon.len(),
            Kind::EvolutionChain => self.chains.len(),
        }
    }

    #[must_use]
    pub fn total(&self) -> usize {
        Kind::ALL.into_iter().map(|kind| self.count(kind)).sum()
    }
}

impl FromIterator<Fact> for Facts {
    fn from_iter<I: IntoIterator<Item = Fact>>(facts: I) -> Self {
        let mut all = Self::default();
        facts.into_iter().for_each(|fact| all.insert(fact));
        all
    }
}
