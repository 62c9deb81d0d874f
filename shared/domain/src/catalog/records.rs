//! The published records, as they are stored and as clients receive them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Timestamp,
    assets::Images,
    facts::{AbilitySlot, DamageRelations, PastAbilities, PastStats, PastTypes, Sprites, Stats},
};

/// A Pokémon with its species' facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pokemon {
    /// PokeAPI's id; for default forms the national dex number.
    pub id: u32,
    /// The same as `id`, for clients of the first version of the API.
    pub pokemon_id: u32,
    /// Slug.
    pub name: String,
    /// English, with accents and signs (Flabébé, Nidoran♀, Type: Null).
    pub display_name: String,
    /// The height in decimetres; null if it is not known yet.
    pub height: Option<u32>,
    /// The weight in hectograms; 10,000 if the games say "???", null if it is not known yet.
    pub weight: Option<u32>,
    pub base_experience: Option<u32>,
    /// In slot order.
    pub types: Vec<String>,
    /// Names in slot order, each once.
    pub abilities: Vec<String>,
    /// The abilities with their slot and whether they are hidden.
    pub ability_slots: Vec<AbilitySlot>,
    pub stats: Stats,
    /// The effort values for defeating it.
    pub effort: Stats,
    /// The generation of the version group of its default form.
    pub generation: u32,
    pub species_id: u32,
    pub species: String,
    /// Whether it represents its species: lists show it, and the species' name leads to it. Exactly one Pokémon of
    /// each species does.
    pub is_default: bool,
    pub is_baby: bool,
    pub is_legendary: bool,
    pub is_mythical: bool,
    /// The female share in eighths; -1 is genderless, null is not known yet.
    pub gender_rate: Option<i8>,
    pub capture_rate: Option<u16>,
    pub base_happiness: Option<u16>,
    /// Egg cycles until it hatches.
    pub hatch_counter: Option<u16>,
    pub growth_rate: Option<String>,
    pub egg_groups: Vec<String>,
    pub color: Option<String>,
    pub shape: Option<String>,
    pub habitat: Option<String>,
    pub has_gender_differences: bool,
    pub forms_switchable: bool,
    /// The species' Pokémon, this one among them.
    pub varieties: Vec<VarietyRef>,
    /// Null if no chain of the species is known.
    pub evolution_chain_id: Option<u32>,
    /// Slug of the species that it evolves from.
    pub evolves_from: Option<String>,
    /// The types that it had in earlier generations, the earliest first; empty if they never changed.
    #[serde(default)]
    pub past_types: Vec<PastTypes>,
    /// The ability slots that differed in earlier generations, the earliest first.
    #[serde(default)]
    pub past_abilities: Vec<PastAbilities>,
    /// The base stats that differed in earlier generations, the earliest first.
    #[serde(default)]
    pub past_stats: Vec<PastStats>,
    /// The time at which PokeAPI removed it; absent from current records. A removed record keeps its last values, and answers to its id and
    /// its slug only; lists, filters and searches do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Timestamp")]
    pub removed_at: Option<Timestamp>,
}

/// A [`Pokemon`] as its item stores it: its sprites are addresses of mirrored files, or paths below PokeAPI's sprite folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredPokemon {
    pub pokemon: Pokemon,
    pub sprites: Sprites,
    /// Empty if pictures are not mirrored.
    #[serde(default, skip_serializing_if = "Images::is_empty")]
    pub images: Images,
    /// The whole evolution tree of a species that belongs to no known chain: its own node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lone_node: Option<EvolutionNode>,
}

/// One of a species' Pokémon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VarietyRef {
    pub id: u32,
    pub name: String,
    pub is_default: bool,
}

/// A form that changes only the looks of a Pokémon (an Unown's letter, a Vivillon's pattern).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CosmeticForm {
    pub id: u32,
    pub name: String,
    pub form_name: String,
    pub display_name: String,
    pub is_default: bool,
    pub is_battle_only: bool,
    pub is_mega: bool,
    /// The slug of the version group in which it first appeared.
    pub version_group: String,
    pub types: Vec<String>,
}

/// A [`CosmeticForm`] as its item stores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredForm {
    pub form: CosmeticForm,
    pub sprites: Sprites,
    #[serde(default, skip_serializing_if = "Images::is_empty")]
    pub images: Images,
}

/// A move in a learnset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "LearnedMove")]
pub struct LearnedMove {
    /// Slug of the move.
    #[serde(rename = "move")]
    pub name: String,
    pub ways: Vec<Way>,
}

/// One way to learn a move, and the games that have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "LearnWay")]
pub struct Way {
    /// Move learn method (`level-up`, `machine`, `egg`, `tutor`, …).
    pub method: String,
    /// 0 if the method has no level.
    pub level: u16,
    /// The position among the moves learned at this level, if known.
    pub order: Option<u16>,
    /// Slugs of the version groups.
    pub version_groups: Vec<String>,
}

/// An evolution chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evolution {
    pub evolution_chain_id: u32,
    /// The item that a parent must hold for the baby to hatch.
    pub baby_trigger_item: Option<String>,
    pub chain: EvolutionNode,
}

/// A species in an evolution chain and what it evolves to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EvolutionNode {
    pub species: EvolutionSpecies,
    pub is_baby: bool,
    /// The ways to evolve into it, each of which is sufficient; each holds every key that is known (`trigger`, `min_level`, `item`,
    /// `held_item`, `time_of_day`, …). Empty at the root.
    pub conditions: Vec<BTreeMap<String, Value>>,
    pub evolves_to: Vec<EvolutionNode>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvolutionSpecies {
    pub id: u32,
    pub name: String,
    pub display_name: String,
    /// The species' default Pokémon; null only if none of its Pokémon is served and others evolve from it.
    pub pokemon_id: Option<u32>,
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Type {
    pub id: u32,
    pub name: String,
    pub display_name: String,
    pub generation: u32,
    /// `physical` or `special`, as it was up to generation III.
    pub damage_class: Option<String>,
    pub damage_relations: DamageRelations,
    /// Every Pokémon that has it, in id order.
    pub pokemon: Vec<TypePokemon>,
    /// Slugs of its moves, in id order.
    pub moves: Vec<String>,
    /// The time at which PokeAPI removed it; absent from current records. A removed record keeps its last values, and answers to its id and
    /// its slug only; lists, filters and searches do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Timestamp")]
    pub removed_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypePokemon {
    pub id: u32,
    pub name: String,
    /// 1 for its first type, 2 for its second.
    pub slot: u8,
}

/// An ability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ability {
    pub id: u32,
    pub name: String,
    pub display_name: String,
    pub generation: u32,
    pub is_main_series: bool,
    /// Every Pokémon that can have it, in id order.
    pub pokemon: Vec<AbilityPokemon>,
    /// The time at which PokeAPI removed it; absent from current records. A removed record keeps its last values, and answers to its id and
    /// its slug only; lists, filters and searches do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Timestamp")]
    pub removed_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AbilityPokemon {
    pub id: u32,
    pub name: String,
    pub is_hidden: bool,
    pub slot: u8,
}

/// A move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Move {
    pub id: u32,
    pub name: String,
    pub display_name: String,
    pub generation: u32,
    #[serde(rename = "type")]
    pub move_type: String,
    pub damage_class: Option<String>,
    pub target: Option<String>,
    pub power: Option<u16>,
    pub pp: Option<u16>,
    /// Percent; null for a move that cannot miss.
    pub accuracy: Option<u16>,
    /// Percent.
    pub effect_chance: Option<u16>,
    /// -8 to 8; null if it is not known yet.
    pub priority: Option<i8>,
    /// Ailment, category, hits, turns, drain, healing …: the known fields.
    pub meta: BTreeMap<String, Value>,
    /// Stages by which it changes a stat.
    pub stat_changes: BTreeMap<String, i8>,
    /// Slugs of the Pokémon that learn it in any game, in id order.
    pub learned_by: Vec<String>,
    /// The time at which PokeAPI removed it; absent from current records. A removed record keeps its last values, and answers to its id and
    /// its slug only; lists, filters and searches do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Timestamp")]
    pub removed_at: Option<Timestamp>,
}
