//! The pictures and sounds that PokeAPI has of a Pokémon.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of picture, or the cry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssetKind {
    FrontDefault,
    BackDefault,
    FrontShiny,
    BackShiny,
    FrontFemale,
    BackFemale,
    FrontShinyFemale,
    BackShinyFemale,
    OfficialArtwork,
    OfficialArtworkShiny,
    Home,
    DreamWorld,
    Cry,
}

impl AssetKind {
    pub const ALL: [Self; 13] = [
        Self::FrontDefault,
        Self::BackDefault,
        Self::FrontShiny,
        Self::BackShiny,
        Self::FrontFemale,
        Self::BackFemale,
        Self::FrontShinyFemale,
        Self::BackShinyFemale,
        Self::OfficialArtwork,
        Self::OfficialArtworkShiny,
        Self::Home,
        Self::DreamWorld,
        Self::Cry,
    ];

    /// The kinds that [`Sprites`](super::Sprites) contains, in the order of its fields.
    pub const SPRITES: [Self; 4] = [Self::FrontDefault, Self::BackDefault, Self::FrontShiny, Self::BackShiny];

    /// The name in answers, keys and paths.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FrontDefault => "front_default",
            Self::BackDefault => "back_default",
            Self::FrontShiny => "front_shiny",
            Self::BackShiny => "back_shiny",
            Self::FrontFemale => "front_female",
            Self::BackFemale => "back_female",
            Self::FrontShinyFemale => "front_shiny_female",
            Self::BackShinyFemale => "back_shiny_female",
            Self::OfficialArtwork => "official_artwork",
            Self::OfficialArtworkShiny => "official_artwork_shiny",
            Self::Home => "home",
            Self::DreamWorld => "dream_world",
            Self::Cry => "cry",
        }
    }

    /// The place of its address in the document of a Pokémon.
    #[must_use]
    pub const fn field(self) -> &'static [&'static str] {
        match self {
            Self::FrontDefault => &["sprites", "front_default"],
            Self::BackDefault => &["sprites", "back_default"],
            Self::FrontShiny => &["sprites", "front_shiny"],
            Self::BackShiny => &["sprites", "back_shiny"],
            Self::FrontFemale => &["sprites", "front_female"],
            Self::BackFemale => &["sprites", "back_female"],
            Self::FrontShinyFemale => &["sprites", "front_shiny_female"],
            Self::BackShinyFemale => &["sprites", "back_shiny_female"],
            Self::OfficialArtwork => &["sprites", "other", "official-artwork", "front_default"],
            Self::OfficialArtworkShiny => &["sprites", "other", "official-artwork", "front_shiny"],
            Self::Home => &["sprites", "other", "home", "front_default"],
            Self::DreamWorld => &["sprites", "other", "dream_world", "front_default"],
            Self::Cry => &["cries", "latest"],
        }
    }

    /// PokeAPI's folder below which its path is stored.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        if matches!(self, Self::Cry) { "cries" } else { "sprites" }
    }
}

/// The paths of the assets that exist, but for [`Sprites`](super::Sprites), each below the [folder](AssetKind::folder) of its kind.
pub type Art = BTreeMap<AssetKind, String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_kind_is_its_name_in_json() {
        for kind in AssetKind::ALL {
            assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.name());
        }
    }
}
