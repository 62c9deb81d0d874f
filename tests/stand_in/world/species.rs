//! Species.

use serde_json::{Value, json};

use super::register::{id_of, link, links, names, url};
use super::{chains, pokemon, prose::PROSE};

struct Species {
    name: &'static str,
    fr: &'static str,
    en: &'static str,
    generation: &'static str,
    evolves_from: Option<&'static str>,
    egg_groups: &'static [&'static str],
    color: &'static str,
    shape: &'static str,
    habitat: Option<&'static str>,
    growth: &'static str,
    /// The female share in eighths; -1 is genderless.
    gender: i32,
    capture: u32,
    happiness: u32,
    hatch: u32,
    is_mythical: bool,
    has_gender_differences: bool,
    forms_switchable: bool,
}

const PLAIN: Species = Species {
    name: "",
    fr: "",
    en: "",
    generation: "generation-i",
    evolves_from: None,
    egg_groups: &["monster"],
    color: "green",
    shape: "quadruped",
    habitat: Some("grassland"),
    growth: "medium-slow",
    gender: 1,
    capture: 45,
    happiness: 70,
    hatch: 20,
    is_mythical: false,
    has_gender_differences: false,
    forms_switchable: false,
};
const SEED: Species = Species { egg_groups: &["monster", "plant"], ..PLAIN };
const LIZARD: Species = Species {
    egg_groups: &["monster", "dragon"],
    color: "red",
    shape: "upright",
    habitat: Some("mountain"),
    ..PLAIN
};
const FOX: Species =
    Species { egg_groups: &["ground"], habitat: Some("urban"), growth: "medium", hatch: 35, ..PLAIN };

#[rustfmt::skip]
const SPECIES: &[Species] = &[
    Species { name: "bulbasaur", fr: "Bulbizarre", en: "Bulbasaur", ..SEED },
    Species { name: "ivysaur", fr: "Herbizarre", en: "Ivysaur", evolves_from: Some("bulbasaur"), ..SEED },
    Species {
        name: "venusaur", fr: "Florizarre", en: "Venusaur", evolves_from: Some("ivysaur"),
        has_gender_differences: true, ..SEED
    },
    Species { name: "charmander", fr: "Salamèche", en: "Charmander", ..LIZARD },
    Species {
        name: "charmeleon", fr: "Reptincel", en: "Charmeleon", evolves_from: Some("charmander"), ..LIZARD
    },
    Species {
        name: "charizard", fr: "Dracaufeu", en: "Charizard", evolves_from: Some("charmeleon"),
        forms_switchable: true, ..LIZARD
    },
    Species {
        name: "nidoran-f", fr: "Nidoran♀", en: "Nidoran♀", egg_groups: &["monster", "ground"], color: "blue",
        gender: 8, capture: 235, ..PLAIN
    },
    Species { name: "eevee", fr: "Évoli", en: "Eevee", color: "brown", ..FOX },
    Species {
        name: "espeon", fr: "Mentali", en: "Espeon", generation: "generation-ii", evolves_from: Some("eevee"),
        color: "purple", ..FOX
    },
    Species {
        name: "unown", fr: "Zarbi", en: "Unown", generation: "generation-ii", egg_groups: &["no-eggs"],
        color: "black", shape: "ball", habitat: Some("rare"), growth: "medium", gender: -1, capture: 225,
        hatch: 40, ..PLAIN
    },
    Species {
        name: "deoxys", fr: "Deoxys", en: "Deoxys", generation: "generation-iii", egg_groups: &["no-eggs"],
        color: "red", shape: "humanoid", habitat: Some("rare"), growth: "slow", gender: -1, capture: 3,
        happiness: 0, hatch: 120, is_mythical: true, forms_switchable: true, ..PLAIN
    },
    Species {
        name: "flabebe", fr: "Flabébé", en: "Flabébé", generation: "generation-vi", egg_groups: &["fairy"],
        color: "white", shape: "arms", habitat: None, growth: "medium", gender: 8, capture: 225, ..PLAIN
    },
    Species {
        name: "sylveon", fr: "Nymphali", en: "Sylveon", generation: "generation-vi",
        evolves_from: Some("eevee"), color: "pink", habitat: None, ..FOX
    },
];

pub(super) fn of_generation(generation: &str) -> impl Iterator<Item = &'static str> {
    SPECIES.iter().filter(move |s| s.generation == generation).map(|s| s.name)
}

pub(super) fn documents() -> Vec<Value> {
    let document = |s: &Species| {
        let id = id_of("pokemon-species", s.name);
        let varieties = pokemon::varieties(s.name)
            .map(|(is_default, name)| json!({ "is_default": is_default, "pokemon": link("pokemon", name) }));
        json!({
            "base_happiness": s.happiness,
            "capture_rate": s.capture,
            "color": link("pokemon-color", s.color),
            "egg_groups": links("egg-group", s.egg_groups.iter().copied()),
            "evolution_chain": { "url": url("evolution-chain", chains::of_species(s.name)) },
            "evolves_from_species": s.evolves_from.map(|name| link("pokemon-species", name)),
            "flavor_text_entries": [
                { "flavor_text": PROSE, "language": link("language", "en"), "version": link("version", "x") },
            ],
            "form_descriptions": [],
            "forms_switchable": s.forms_switchable,
            "gender_rate": s.gender,
            "genera": [{ "genus": PROSE, "language": link("language", "en") }],
            "generation": link("generation", s.generation),
            "growth_rate": link("growth-rate", s.growth),
            "habitat": s.habitat.map(|name| link("pokemon-habitat", name)),
            "has_gender_differences": s.has_gender_differences,
            "hatch_counter": s.hatch,
            "id": id,
            "is_baby": false,
            "is_legendary": false,
            "is_mythical": s.is_mythical,
            "name": s.name,
            "names": names(s.fr, s.en),
            "order": id,
            "pal_park_encounters": [],
            "pokedex_numbers": [{ "entry_number": id, "pokedex": link("pokedex", "national") }],
            "shape": link("pokemon-shape", s.shape),
            "varieties": varieties.collect::<Vec<_>>(),
        })
    };
    SPECIES.iter().map(document).collect()
}
