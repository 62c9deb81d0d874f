//! Moves.

use serde_json::{Value, json};

use super::register::{id_of, link, links, names};
use super::{learnsets, prose::PROSE};

struct Move {
    name: &'static str,
    fr: &'static str,
    en: &'static str,
    generation: &'static str,
    kind: &'static str,
    class: &'static str,
    power: Option<u32>,
    accuracy: Option<u32>,
    pp: u32,
    priority: i32,
    /// The chance of the effect beside the damage, in percent.
    chance: Option<u32>,
    target: &'static str,
    category: &'static str,
    lowers: Option<&'static str>,
    contest: Option<&'static str>,
}

const PHYSICAL: Move = Move {
    name: "",
    fr: "",
    en: "",
    generation: "generation-i",
    kind: "normal",
    class: "physical",
    power: Some(40),
    accuracy: Some(100),
    pp: 35,
    priority: 0,
    chance: None,
    target: "selected-pokemon",
    category: "damage",
    lowers: None,
    contest: Some("tough"),
};
const SPECIAL: Move = Move { class: "special", contest: Some("smart"), ..PHYSICAL };

#[rustfmt::skip]
const MOVES: &[Move] = &[
    Move { name: "scratch", fr: "Griffe", en: "Scratch", ..PHYSICAL },
    Move {
        name: "fly", fr: "Vol", en: "Fly", kind: "flying", power: Some(90), accuracy: Some(95), pp: 15,
        ..PHYSICAL
    },
    Move {
        name: "vine-whip", fr: "Fouet Lianes", en: "Vine Whip", kind: "grass", power: Some(45), pp: 25,
        ..PHYSICAL
    },
    Move { name: "tackle", fr: "Charge", en: "Tackle", ..PHYSICAL },
    Move {
        name: "growl", fr: "Rugissement", en: "Growl", class: "status", power: None, pp: 40,
        target: "all-opponents", category: "net-good-stats", lowers: Some("attack"), contest: Some("cute"),
        ..PHYSICAL
    },
    Move {
        name: "ember", fr: "Flammèche", en: "Ember", kind: "fire", pp: 25, chance: Some(10),
        category: "damage-ailment", contest: Some("beauty"), ..SPECIAL
    },
    Move {
        name: "psychic", fr: "Psyko", en: "Psychic", kind: "psychic", power: Some(90), pp: 10, chance: Some(10),
        category: "damage-lower", lowers: Some("special-defense"), ..SPECIAL
    },
    Move { name: "quick-attack", fr: "Vive-Attaque", en: "Quick Attack", pp: 30, priority: 1, ..PHYSICAL },
    Move {
        name: "swift", fr: "Météores", en: "Swift", power: Some(60), accuracy: None, pp: 20,
        target: "all-opponents", contest: Some("cool"), ..SPECIAL
    },
    Move {
        name: "struggle", fr: "Lutte", en: "Struggle", power: Some(50), accuracy: None, pp: 1,
        target: "random-opponent", contest: Some("cool"), ..PHYSICAL
    },
    Move {
        name: "hidden-power", fr: "Puissance Cachée", en: "Hidden Power", generation: "generation-ii",
        power: Some(60), pp: 15, ..SPECIAL
    },
    Move {
        name: "dragon-claw", fr: "Dracogriffe", en: "Dragon Claw", generation: "generation-iii", kind: "dragon",
        power: Some(80), pp: 15, contest: Some("cool"), ..PHYSICAL
    },
    Move {
        name: "moonblast", fr: "Pouvoir Lunaire", en: "Moonblast", generation: "generation-vi", kind: "fairy",
        power: Some(95), pp: 15, chance: Some(30), lowers: Some("special-attack"), contest: None, ..SPECIAL
    },
];

pub(super) fn of_generation(generation: &str) -> impl Iterator<Item = &'static str> {
    MOVES.iter().filter(move |m| m.generation == generation).map(|m| m.name)
}

pub(super) fn of_type(kind: &str) -> impl Iterator<Item = &'static str> {
    MOVES.iter().filter(move |m| m.kind == kind).map(|m| m.name)
}

/// Null for a move that contests do not cover, which is the case for newer moves.
fn meta(m: &Move) -> Option<Value> {
    m.contest?;
    let burns = m.category == "damage-ailment";
    let chance = |applies: bool| if applies { m.chance.unwrap_or(0) } else { 0 };
    Some(json!({
        "ailment": link("move-ailment", if burns { "burn" } else { "none" }),
        "ailment_chance": chance(burns),
        "category": link("move-category", m.category),
        "crit_rate": 0,
        "drain": 0,
        "flinch_chance": 0,
        "healing": 0,
        "max_hits": null,
        "max_turns": null,
        "min_hits": null,
        "min_turns": null,
        "stat_chance": chance(m.lowers.is_some()),
    }))
}

/// Tackle was weaker once: this detects a reader that uses the past values instead of the current ones.
fn past_values(m: &Move) -> Value {
    if m.name != "tackle" {
        return json!([]);
    }
    json!([{
        "accuracy": 95,
        "effect_chance": null,
        "effect_entries": [],
        "power": 35,
        "pp": null,
        "type": null,
        "version_group": link("version-group", "ruby-sapphire"),
    }])
}

pub(super) fn documents() -> Vec<Value> {
    let none_combo = json!({ "use_after": null, "use_before": null });
    let document = |m: &Move| {
        let changes = m.lowers.map(|stat| json!({ "change": -1, "stat": link("stat", stat) }));
        let contest_effect = |kind: &str| m.contest.map(|_| json!({ "url": format!("/api/v2/{kind}/1/") }));
        json!({
            "accuracy": m.accuracy,
            "contest_combos": m.contest.map(|_| json!({ "normal": none_combo, "super": none_combo })),
            "contest_effect": contest_effect("contest-effect"),
            "contest_type": m.contest.map(|name| link("contest-type", name)),
            "damage_class": link("move-damage-class", m.class),
            "effect_chance": m.chance,
            "effect_changes": [],
            "effect_entries": [{ "effect": PROSE, "language": link("language", "en"), "short_effect": PROSE }],
            "flavor_text_entries": [],
            "generation": link("generation", m.generation),
            "id": id_of("move", m.name),
            "learned_by_pokemon": links("pokemon", learnsets::learners(m.name)),
            "machines": [],
            "meta": meta(m),
            "name": m.name,
            "names": names(m.fr, m.en),
            "past_values": past_values(m),
            "power": m.power,
            "pp": m.pp,
            "priority": m.priority,
            "stat_changes": changes.into_iter().collect::<Vec<_>>(),
            "super_contest_effect": contest_effect("super-contest-effect"),
            "target": link("move-target", m.target),
            "type": link("type", m.kind),
        })
    };
    MOVES.iter().map(document).collect()
}
