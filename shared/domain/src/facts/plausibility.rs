//! Facts that are well formed and yet improbable: an accident at the source is more likely than such a Pokémon.

use std::fmt;

use super::resources::{PokemonFacts, SpeciesFacts, Stats};

/// The range of base stats in all games.
const BASE_STATS: std::ops::RangeInclusive<u16> = 1..=255;

/// The reason to doubt a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The field of the source's document: `stats`.
    pub field: &'static str,
    pub reason: String,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

pub(super) fn of_pokemon(pokemon: &PokemonFacts) -> Option<Doubt> {
    let Stats { hp, attack, defense, special_attack, special_defense, speed } = pokemon.stats;
    let stats = [
        ("hp", hp),
        ("attack", attack),
        ("defense", defense),
        ("special-attack", special_attack),
        ("special-defense", special_defense),
        ("speed", speed),
    ];
    if let Some((name, value)) = stats.into_iter().find(|(_, value)| !BASE_STATS.contains(value)) {
        let (least, most) = (BASE_STATS.start(), BASE_STATS.end());
        let reason = format!("{name} {value} is not between {least} and {most}");
        return Some(Doubt { field: "stats", reason });
    }
    pokemon.types.is_empty().then(|| Doubt { field: "types", reason: "is empty".to_owned() })
}

pub(super) fn of_species(species: &SpeciesFacts) -> Option<Doubt> {
    let has_default = species.varieties.iter().any(|variety| variety.is_default);
    (!has_default).then(|| Doubt { field: "varieties", reason: "has no default".to_owned() })
}
