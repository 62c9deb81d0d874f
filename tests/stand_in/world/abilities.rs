//! Abilities.

use serde_json::{Value, json};

use super::register::{id_of, link, names};
use super::{pokemon, prose::PROSE};

struct Ability {
    name: &'static str,
    fr: &'static str,
    en: &'static str,
    generation: &'static str,
}

const OLD: Ability = Ability { name: "", fr: "", en: "", generation: "generation-iii" };

const ABILITIES: &[Ability] = &[
    Ability { name: "levitate", fr: "Lévitation", en: "Levitate", ..OLD },
    Ability { name: "synchronize", fr: "Synchro", en: "Synchronize", ..OLD },
    Ability { name: "chlorophyll", fr: "Chlorophylle", en: "Chlorophyll", ..OLD },
    Ability { name: "poison-point", fr: "Point Poison", en: "Poison Point", ..OLD },
    Ability { name: "pressure", fr: "Pression", en: "Pressure", ..OLD },
    Ability { name: "run-away", fr: "Fuite", en: "Run Away", ..OLD },
    Ability { name: "cute-charm", fr: "Joli Sourire", en: "Cute Charm", ..OLD },
    Ability { name: "overgrow", fr: "Engrais", en: "Overgrow", ..OLD },
    Ability { name: "blaze", fr: "Brasier", en: "Blaze", ..OLD },
    Ability { name: "flower-veil", fr: "Flora-Voile", en: "Flower Veil", generation: "generation-vi" },
    Ability { name: "tough-claws", fr: "Griffe Dure", en: "Tough Claws", generation: "generation-vi" },
];

pub(super) fn of_generation(generation: &str) -> impl Iterator<Item = &'static str> {
    ABILITIES.iter().filter(move |a| a.generation == generation).map(|a| a.name)
}

pub(super) fn documents() -> Vec<Value> {
    let document = |a: &Ability| {
        let holders = pokemon::with_ability(a.name).map(|(is_hidden, slot, name)| {
            json!({ "is_hidden": is_hidden, "pokemon": link("pokemon", name), "slot": slot })
        });
        json!({
            "effect_changes": [],
            "effect_entries": [{ "effect": PROSE, "language": link("language", "en"), "short_effect": PROSE }],
            "flavor_text_entries": [],
            "generation": link("generation", a.generation),
            "id": id_of("ability", a.name),
            "is_main_series": true,
            "name": a.name,
            "names": names(a.fr, a.en),
            "pokemon": holders.collect::<Vec<_>>(),
        })
    };
    ABILITIES.iter().map(document).collect()
}
