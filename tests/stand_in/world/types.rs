//! Types and their damage relations.

use serde_json::{Value, json};

use super::register::{id_of, link, links, names};
use super::{moves, pokemon};

struct Type {
    name: &'static str,
    fr: &'static str,
    en: &'static str,
    generation: &'static str,
    /// The damage class of its moves, before moves had classes themselves; newer types have none.
    class: Option<&'static str>,
}

const PHYSICAL: Type = Type { name: "", fr: "", en: "", generation: "generation-i", class: Some("physical") };
const SPECIAL: Type = Type { class: Some("special"), ..PHYSICAL };

const TYPES: &[Type] = &[
    Type { name: "normal", fr: "Normal", en: "Normal", ..PHYSICAL },
    Type { name: "flying", fr: "Vol", en: "Flying", ..PHYSICAL },
    Type { name: "poison", fr: "Poison", en: "Poison", ..PHYSICAL },
    Type { name: "fire", fr: "Feu", en: "Fire", ..SPECIAL },
    Type { name: "grass", fr: "Plante", en: "Grass", ..SPECIAL },
    Type { name: "psychic", fr: "Psy", en: "Psychic", ..SPECIAL },
    Type { name: "dragon", fr: "Dragon", en: "Dragon", ..SPECIAL },
    Type { name: "fairy", fr: "Fée", en: "Fairy", generation: "generation-vi", class: None },
    Type { name: "unknown", fr: "???", en: "???", generation: "generation-ii", class: None },
];

/// Pairs of attacker and defender.
type Pairs = &'static [(&'static str, &'static str)];

const DOUBLE: Pairs = &[
    ("poison", "grass"),
    ("poison", "fairy"),
    ("flying", "grass"),
    ("fire", "grass"),
    ("psychic", "poison"),
    ("dragon", "dragon"),
    ("fairy", "dragon"),
];
const HALF: Pairs = &[
    ("poison", "poison"),
    ("fire", "fire"),
    ("fire", "dragon"),
    ("grass", "flying"),
    ("grass", "poison"),
    ("grass", "fire"),
    ("grass", "grass"),
    ("grass", "dragon"),
    ("psychic", "psychic"),
    ("fairy", "poison"),
    ("fairy", "fire"),
];
const NONE: Pairs = &[("dragon", "fairy")];

fn relations(name: &str) -> Value {
    let to = |pairs: Pairs| links("type", pairs.iter().filter(|pair| pair.0 == name).map(|pair| pair.1));
    let from = |pairs: Pairs| links("type", pairs.iter().filter(|pair| pair.1 == name).map(|pair| pair.0));
    json!({
        "double_damage_from": from(DOUBLE),
        "double_damage_to": to(DOUBLE),
        "half_damage_from": from(HALF),
        "half_damage_to": to(HALF),
        "no_damage_from": from(NONE),
        "no_damage_to": to(NONE),
    })
}

/// Fire did not resist Fairy before that type existed: this detects a reader that uses the past relations
/// instead of the current ones.
fn past_relations(name: &str) -> Value {
    if name != "fire" {
        return json!([]);
    }
    let mut relations = relations(name);
    relations["half_damage_from"] = json!(links("type", ["fire", "grass"]));
    json!([{ "damage_relations": relations, "generation": link("generation", "generation-i") }])
}

pub(super) fn of_generation(generation: &str) -> impl Iterator<Item = &'static str> {
    TYPES.iter().filter(move |t| t.generation == generation).map(|t| t.name)
}

pub(super) fn documents() -> Vec<Value> {
    let document = |t: &Type| {
        let id = id_of("type", t.name);
        let holders = pokemon::with_type(t.name)
            .map(|(slot, name)| json!({ "pokemon": link("pokemon", name), "slot": slot }));
        json!({
            "damage_relations": relations(t.name),
            "game_indices": [{ "game_index": id % 100, "generation": link("generation", t.generation) }],
            "generation": link("generation", t.generation),
            "id": id,
            "move_damage_class": t.class.map(|class| link("move-damage-class", class)),
            "moves": links("move", moves::of_type(t.name)),
            "name": t.name,
            "names": names(t.fr, t.en),
            "past_damage_relations": past_relations(t.name),
            "pokemon": holders.collect::<Vec<_>>(),
            "sprites": { "generation-iii": { "emerald": {
                "name_icon": format!("/sprites/types/generation-iii/emerald/{id}.png"),
                "symbol_icon": null,
            } } },
        })
    };
    TYPES.iter().map(document).collect()
}
