//! Pokémon.

use serde_json::{Value, json};

use super::register::{id_of, link, url};
use super::sprites::{Art, pokemon_sprites};
use super::{forms, learnsets};

pub(super) struct Pokemon {
    pub(super) name: &'static str,
    species: &'static str,
    is_default: bool,
    pub(super) types: &'static [&'static str],
    /// The abilities of a Pokémon: name, hidden, slot.
    abilities: &'static [(&'static str, bool, u32)],
    stats: [u32; 6],
    effort: [u32; 6],
    height: u32,
    weight: u32,
    base_experience: Option<u32>,
    pub(super) art: Art,
}

const PLAIN: Pokemon = Pokemon {
    name: "",
    species: "",
    is_default: true,
    types: &[],
    abilities: &[],
    stats: [0; 6],
    effort: [0; 6],
    height: 0,
    weight: 0,
    base_experience: None,
    art: Art::Full,
};
const SEED: Pokemon = Pokemon {
    types: &["grass", "poison"],
    abilities: &[("overgrow", false, 1), ("chlorophyll", true, 3)],
    ..PLAIN
};
const LIZARD: Pokemon = Pokemon { types: &["fire"], abilities: &[("blaze", false, 1)], ..PLAIN };

#[rustfmt::skip]
const POKEMON: &[Pokemon] = &[
    Pokemon {
        name: "bulbasaur", species: "bulbasaur", stats: [45, 49, 49, 65, 65, 45], effort: [0, 0, 0, 1, 0, 0],
        height: 7, weight: 69, base_experience: Some(64), ..SEED
    },
    Pokemon {
        name: "ivysaur", species: "ivysaur", stats: [60, 62, 63, 80, 80, 60], effort: [0, 0, 0, 1, 1, 0],
        height: 10, weight: 130, base_experience: Some(142), ..SEED
    },
    Pokemon {
        name: "venusaur", species: "venusaur", stats: [80, 82, 83, 100, 100, 80], effort: [0, 0, 0, 2, 1, 0],
        height: 20, weight: 1000, base_experience: Some(236), ..SEED
    },
    Pokemon {
        name: "charmander", species: "charmander", stats: [39, 52, 43, 60, 50, 65], effort: [0, 0, 0, 0, 0, 1],
        height: 6, weight: 85, base_experience: Some(62), ..LIZARD
    },
    Pokemon {
        name: "charmeleon", species: "charmeleon", stats: [58, 64, 58, 80, 65, 80], effort: [0, 0, 0, 1, 0, 1],
        height: 11, weight: 190, base_experience: Some(142), ..LIZARD
    },
    Pokemon {
        name: "charizard", species: "charizard", types: &["fire", "flying"], stats: [78, 84, 78, 109, 85, 100],
        effort: [0, 0, 0, 3, 0, 0], height: 17, weight: 905, base_experience: Some(240), ..LIZARD
    },
    Pokemon {
        name: "nidoran-f", species: "nidoran-f", types: &["poison"], abilities: &[("poison-point", false, 1)],
        stats: [55, 47, 52, 40, 40, 41], effort: [1, 0, 0, 0, 0, 0], height: 4, weight: 70,
        base_experience: Some(55), ..PLAIN
    },
    Pokemon {
        name: "eevee", species: "eevee", types: &["normal"], abilities: &[("run-away", false, 1)],
        stats: [55, 55, 50, 45, 65, 55], effort: [0, 0, 0, 0, 1, 0], height: 3, weight: 65,
        base_experience: Some(65), ..PLAIN
    },
    Pokemon {
        name: "espeon", species: "espeon", types: &["psychic"], abilities: &[("synchronize", false, 1)],
        stats: [65, 65, 60, 130, 95, 110], effort: [0, 0, 0, 2, 0, 0], height: 9, weight: 265,
        base_experience: Some(184), ..PLAIN
    },
    Pokemon {
        name: "unown", species: "unown", types: &["psychic"], abilities: &[("levitate", false, 1)],
        stats: [48, 72, 48, 72, 48, 48], effort: [0, 1, 0, 1, 0, 0], height: 5, weight: 50, ..PLAIN
    },
    Pokemon {
        name: "deoxys-normal", species: "deoxys", types: &["psychic"], abilities: &[("pressure", false, 1)],
        stats: [50, 150, 50, 150, 50, 150], effort: [0, 1, 0, 1, 0, 1], height: 17, weight: 10_000,
        base_experience: Some(270), ..PLAIN
    },
    Pokemon {
        name: "flabebe", species: "flabebe", types: &["fairy"], abilities: &[("flower-veil", false, 1)],
        stats: [44, 38, 39, 61, 79, 42], effort: [0, 0, 0, 0, 1, 0], height: 1, weight: 0,
        base_experience: Some(61), ..PLAIN
    },
    Pokemon {
        name: "sylveon", species: "sylveon", types: &["fairy"], abilities: &[("cute-charm", false, 1)],
        stats: [95, 65, 65, 110, 130, 60], effort: [0, 0, 0, 0, 2, 0], height: 10, weight: 235,
        base_experience: Some(184), ..PLAIN
    },
    Pokemon {
        name: "deoxys-attack", species: "deoxys", is_default: false, types: &["psychic"],
        abilities: &[("pressure", false, 1)], stats: [50, 180, 20, 180, 20, 150], effort: [0, 2, 0, 1, 0, 0],
        height: 17, weight: 608, base_experience: Some(270), art: Art::FrontOnly
    },
    Pokemon {
        name: "charizard-mega-x", species: "charizard", is_default: false, types: &["fire", "dragon"],
        stats: [78, 130, 111, 130, 85, 100], effort: [0, 0, 0, 3, 0, 0], height: 17, weight: 1105,
        base_experience: Some(285), art: Art::None, ..PLAIN
    },
];

pub(super) fn named(name: &str) -> &'static Pokemon {
    POKEMON.iter().find(|p| p.name == name).expect("forms belong to Pokémon of this world")
}

/// Returns the default flag and the name of each variety of `species`.
pub(super) fn varieties(species: &str) -> impl Iterator<Item = (bool, &'static str)> {
    POKEMON.iter().filter(move |p| p.species == species).map(|p| (p.is_default, p.name))
}

/// Returns the slot and the name of each Pokémon with the type.
pub(super) fn with_type(name: &str) -> impl Iterator<Item = (usize, &'static str)> {
    POKEMON.iter().filter_map(move |p| Some((p.types.iter().position(|t| *t == name)? + 1, p.name)))
}

/// Returns the hidden flag, the slot and the name of each Pokémon with the ability.
pub(super) fn with_ability(name: &str) -> impl Iterator<Item = (bool, u32, &'static str)> {
    POKEMON.iter().flat_map(move |p| {
        p.abilities
            .iter()
            .filter(move |a| a.0 == name)
            .map(|(_, is_hidden, slot)| (*is_hidden, *slot, p.name))
    })
}

pub(super) fn type_slots(p: &Pokemon) -> Vec<Value> {
    (1..).zip(p.types).map(|(slot, name)| json!({ "slot": slot, "type": link("type", name) })).collect()
}

fn stats(p: &Pokemon) -> Vec<Value> {
    const NAMES: [&str; 6] = ["hp", "attack", "defense", "special-attack", "special-defense", "speed"];
    let stat =
        |((name, base), effort)| json!({ "base_stat": base, "effort": effort, "stat": link("stat", name) });
    NAMES.into_iter().zip(p.stats).zip(p.effort).map(stat).collect()
}

pub(super) fn documents() -> Vec<Value> {
    let document = |p: &Pokemon| {
        let id = id_of("pokemon", p.name);
        let abilities = p.abilities.iter().map(|(name, is_hidden, slot)| {
            json!({ "ability": link("ability", name), "is_hidden": is_hidden, "slot": slot })
        });
        let hidden = p.abilities.iter().filter(|ability| ability.1).map(|(_, _, slot)| {
            json!({
                "abilities": [{ "ability": null, "is_hidden": true, "slot": slot }],
                "generation": link("generation", "generation-iii"),
            })
        });
        json!({
            "abilities": abilities.collect::<Vec<_>>(),
            "base_experience": p.base_experience,
            "cries": { "latest": format!("/cries/pokemon/latest/{id}.ogg"), "legacy": null },
            "forms": forms::of_pokemon(p.name),
            "game_indices": [{ "game_index": id % 256, "version": link("version", "x") }],
            "height": p.height,
            "held_items": [],
            "id": id,
            "is_default": p.is_default,
            "location_area_encounters": format!("{}encounters", url("pokemon", id)),
            "moves": learnsets::moves(p.name),
            "name": p.name,
            "order": id,
            "past_abilities": hidden.collect::<Vec<_>>(),
            "past_stats": [{
                "generation": link("generation", "generation-i"),
                "stats": [{ "base_stat": 1, "effort": 0, "stat": link("stat", "special") }],
            }],
            "past_types": [],
            "species": link("pokemon-species", p.species),
            "sprites": pokemon_sprites(id, p.art),
            "stats": stats(p),
            "types": type_slots(p),
            "weight": p.weight,
        })
    };
    POKEMON.iter().map(document).collect()
}
