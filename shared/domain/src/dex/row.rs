//! A Pokémon as a list shows it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Timestamp,
    assets::{Images, thumbnails},
    catalog::StoredPokemon,
    facts::{Sprites, Stats},
};

/// A published Pokémon, and when it was first and last written.
#[derive(Clone, Debug)]
pub struct TimedPokemon {
    pub stored: StoredPokemon,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A Pokémon in a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "PokemonRow")]
pub struct PokemonRow<'a> {
    /// PokeAPI's id; for default forms the national dex number.
    pub id: u32,
    /// The same as `id`, for clients of the first version of the API.
    pub pokemon_id: u32,
    /// Slug.
    pub name: &'a str,
    /// English, with accents and signs.
    pub display_name: &'a str,
    /// The height in decimetres; null if it is not known yet.
    pub height: Option<u32>,
    /// The weight in hectograms; null if it is not known yet.
    pub weight: Option<u32>,
    pub base_experience: Option<u32>,
    pub types: Vec<&'a str>,
    pub abilities: Vec<&'a str>,
    pub stats: Stats,
    pub sprites: SpriteUrls,
    /// Small mirrored pictures; absent if pictures are not mirrored.
    #[serde(skip_serializing_if = "Images::is_empty")]
    #[schemars(with = "Images")]
    pub images: Images,
    pub generation: u32,
    pub species_id: u32,
    pub is_default: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The time at which PokeAPI removed it; absent from current Pokémon. Only favorites have removed ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Timestamp")]
    pub removed_at: Option<Timestamp>,
}

/// Addresses of pictures; a key is present only if the picture exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SpriteUrls {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub front_default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub back_default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub front_shiny: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub back_shiny: Option<String>,
}

impl SpriteUrls {
    /// Builds the addresses of paths below `base`, which ends with a slash; addresses stay as they are.
    #[must_use]
    pub fn new(base: &str, sprites: &Sprites) -> Self {
        let [front_default, back_default, front_shiny, back_shiny] = sprites.paths().map(|path| {
            let path = path?;
            Some(if is_address(path) { path.to_owned() } else { format!("{base}{path}") })
        });
        Self { front_default, back_default, front_shiny, back_shiny }
    }
}

/// Whether `path` is an address, such as that of a mirrored file, instead of a path below the base of all sprites.
#[must_use]
pub fn is_address(path: &str) -> bool {
    path.starts_with('/') || path.contains("://")
}

impl<'a> PokemonRow<'a> {
    /// Builds the row of a Pokémon. `sprite_base` ends with a slash, or is empty for rows that are stored.
    #[must_use]
    pub fn new(timed: &'a TimedPokemon, sprite_base: &str) -> Self {
        let TimedPokemon { stored, created_at, updated_at } = timed;
        let p = &stored.pokemon;
        Self {
            id: p.id,
            pokemon_id: p.id,
            name: &p.name,
            display_name: &p.display_name,
            height: p.height,
            weight: p.weight,
            base_experience: p.base_experience,
            types: p.types.iter().map(String::as_str).collect(),
            abilities: p.abilities.iter().map(String::as_str).collect(),
            stats: p.stats,
            sprites: SpriteUrls::new(sprite_base, &stored.sprites),
            images: thumbnails(&stored.images),
            generation: p.generation,
            species_id: p.species_id,
            is_default: p.is_default,
            created_at: *created_at,
            updated_at: *updated_at,
            removed_at: p.removed_at,
        }
    }
}
