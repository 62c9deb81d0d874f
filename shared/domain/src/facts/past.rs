//! A Pokémon's data in earlier generations, where it differs from today's.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The types that a Pokémon had up to a generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PastTypes {
    /// The last generation in which the Pokémon had these types.
    pub generation: u32,
    /// All of its types then, in slot order.
    pub types: Vec<String>,
}

/// The ability slots that differed up to a generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PastAbilities {
    /// The last generation in which these slots were filled this way.
    pub generation: u32,
    /// Only the slots that differed, in slot order.
    pub abilities: Vec<PastAbilitySlot>,
}

/// One ability slot of an earlier generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PastAbilitySlot {
    /// Null if the slot was empty.
    pub name: Option<String>,
    #[serde(default)]
    pub is_hidden: bool,
    pub slot: u8,
}

/// The base stats that differed up to a generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PastStats {
    /// The last generation in which the Pokémon had these stats.
    pub generation: u32,
    /// Only the stats that differed, by name, each 0 to 255. `special` is generation I's single special stat.
    pub stats: BTreeMap<String, u16>,
}
