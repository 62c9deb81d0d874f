//! One struct per PokeAPI resource kind. Numbers in other structs are ids; texts are slugs unless stated otherwise.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Art, AssetKind, LearnsetFacts, PastAbilities, PastStats, PastTypes};

fn is_false(flag: &bool) -> bool {
    !flag
}

/// The six base stats (or their effort values), each 0 to 255.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Stats {
    pub hp: u16,
    pub attack: u16,
    pub defense: u16,
    pub special_attack: u16,
    pub special_defense: u16,
    pub speed: u16,
}

/// The pictures that exist, as paths below PokeAPI's sprite folder (`pokemon/shiny/25.png`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sprites {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front_default: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_default: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front_shiny: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_shiny: Option<String>,
}

impl Sprites {
    /// The four folders in the order of the fields.
    pub const FOLDERS: [&str; 4] = ["pokemon/", "pokemon/back/", "pokemon/shiny/", "pokemon/back/shiny/"];

    #[must_use]
    pub fn paths(&self) -> [Option<&str>; 4] {
        [&self.front_default, &self.back_default, &self.front_shiny, &self.back_shiny].map(|p| p.as_deref())
    }

    /// The kinds that exist, with their paths.
    pub fn assets(&self) -> impl Iterator<Item = (AssetKind, &str)> {
        AssetKind::SPRITES.into_iter().zip(self.paths()).filter_map(|(kind, path)| Some((kind, path?)))
    }

    #[must_use]
    pub fn from_paths([front_default, back_default, front_shiny, back_shiny]: [Option<String>; 4]) -> Self {
        Self { front_default, back_default, front_shiny, back_shiny }
    }
}

/// One of a Pokémon's abilities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AbilitySlot {
    pub name: String,
    #[serde(default)]
    pub is_hidden: bool,
    pub slot: u8,
}

/// `pokemon/{id}`: a Pokémon as it can be in a party; a species has one or more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PokemonFacts {
    pub id: u32,
    pub name: String,
    pub species: u32,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_default: bool,
    /// The height in decimetres; `None` if PokeAPI does not know it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The weight in hectograms; 10,000 if the games say "???", `None` if PokeAPI does not know it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_experience: Option<u32>,
    /// One or two, in slot order.
    pub types: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abilities: Vec<AbilitySlot>,
    pub stats: Stats,
    pub effort: Stats,
    #[serde(default)]
    pub sprites: Sprites,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub art: Art,
    /// The ids of its forms, in PokeAPI's order.
    pub forms: Vec<u32>,
    #[serde(default, skip_serializing_if = "LearnsetFacts::is_empty")]
    pub learnset: LearnsetFacts,
    /// The earliest generation comes first, here and in the next two fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_types: Vec<PastTypes>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_abilities: Vec<PastAbilities>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_stats: Vec<PastStats>,
}

impl PokemonFacts {
    /// Its assets, with their paths.
    pub fn assets(&self) -> impl Iterator<Item = (AssetKind, &str)> {
        self.sprites.assets().chain(self.art.iter().map(|(kind, path)| (*kind, path.as_str())))
    }

    /// Returns its default form among `forms`, or else its first: the form that determines its generation and its name.
    #[must_use]
    pub fn leading_form<'a>(&self, forms: &'a BTreeMap<u32, FormFacts>) -> Option<&'a FormFacts> {
        let mut known = self.forms.iter().filter_map(|id| forms.get(id)).peekable();
        let first = known.peek().copied();
        known.find(|form| form.is_default).or(first)
    }
}

/// One of a species' Pokémon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variety {
    pub pokemon: u32,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_default: bool,
}

/// `pokemon-species/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeciesFacts {
    pub id: u32,
    pub name: String,
    /// English, with accents and signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    pub generation: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evolution_chain: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evolves_from: Option<u32>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_baby: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_legendary: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_mythical: bool,
    /// The number of eighths that are female; -1 is genderless, `None` if PokeAPI does not know it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender_rate: Option<i8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_rate: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_happiness: Option<u16>,
    /// The number of egg cycles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hatch_counter: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth_rate: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub egg_groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub habitat: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub has_gender_differences: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub forms_switchable: bool,
    pub varieties: Vec<Variety>,
}

/// `pokemon-form/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormFacts {
    pub id: u32,
    pub name: String,
    /// The English name of the whole Pokémon in this form ("Alolan Meowth").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The part of the slug that distinguishes the form; empty for a plain form.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub form_name: String,
    /// The English name of the form alone ("Alolan Form", "Dawn Wings").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub pokemon: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_default: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_battle_only: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_mega: bool,
    pub version_group: u32,
    pub types: Vec<String>,
    #[serde(default)]
    pub sprites: Sprites,
}

impl FormFacts {
    /// Its assets, with their paths.
    pub fn assets(&self) -> impl Iterator<Item = (AssetKind, &str)> {
        self.sprites.assets()
    }
}

/// `version-group/{id}`: games that share their data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionGroupFacts {
    pub id: u32,
    pub name: String,
    pub generation: u32,
    /// The position among the version groups by release, if PokeAPI has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<i32>,
    pub versions: Vec<String>,
}

/// `generation/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationFacts {
    pub id: u32,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// The effectiveness of a type against others, in the latest generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DamageRelations {
    pub double_damage_from: Vec<String>,
    pub double_damage_to: Vec<String>,
    pub half_damage_from: Vec<String>,
    pub half_damage_to: Vec<String>,
    pub no_damage_from: Vec<String>,
    pub no_damage_to: Vec<String>,
}

/// `type/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeFacts {
    pub id: u32,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    pub generation: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damage_class: Option<String>,
    pub damage_relations: DamageRelations,
}

/// `ability/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbilityFacts {
    pub id: u32,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    pub generation: u32,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_main_series: bool,
}

/// `move/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MoveFacts {
    pub id: u32,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    pub generation: u32,
    #[serde(rename = "type")]
    pub move_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damage_class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pp: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_chance: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i8>,
    /// Ailment, category, hits, turns, drain, healing …: every key that is not null in PokeAPI's document.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub meta: BTreeMap<String, Value>,
    /// Stages by which it changes a stat.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stat_changes: BTreeMap<String, i8>,
}

/// One species in an evolution chain and what it evolves to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChainLink {
    pub species: u32,
    pub species_name: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_baby: bool,
    /// The ways to evolve from the parent: every key that is not null, with a named resource as its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<BTreeMap<String, Value>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evolves_to: Vec<ChainLink>,
}

/// `evolution-chain/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChainFacts {
    pub id: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baby_trigger_item: Option<String>,
    pub root: ChainLink,
}
