//! Evolution chains.

use serde_json::{Value, json};

use super::register::link;

struct Link {
    species: &'static str,
    ways: fn() -> Vec<Value>,
    next: &'static [Link],
}

const CHAINS: &[(u32, Link)] = &[
    (
        1,
        Link {
            species: "bulbasaur",
            ways: Vec::new,
            next: &[Link {
                species: "ivysaur",
                ways: || vec![at_level(16)],
                next: &[Link { species: "venusaur", ways: || vec![at_level(32)], next: &[] }],
            }],
        },
    ),
    (
        2,
        Link {
            species: "charmander",
            ways: Vec::new,
            next: &[Link {
                species: "charmeleon",
                ways: || vec![at_level(16)],
                next: &[Link { species: "charizard", ways: || vec![at_level(36)], next: &[] }],
            }],
        },
    ),
    (12, Link { species: "nidoran-f", ways: Vec::new, next: &[] }),
    (
        67,
        Link {
            species: "eevee",
            ways: Vec::new,
            next: &[
                Link { species: "espeon", ways: to_espeon, next: &[] },
                Link { species: "sylveon", ways: to_sylveon, next: &[] },
            ],
        },
    ),
    (99, Link { species: "unown", ways: Vec::new, next: &[] }),
    (202, Link { species: "deoxys", ways: Vec::new, next: &[] }),
    (344, Link { species: "flabebe", ways: Vec::new, next: &[] }),
];

/// A way to evolve: all 29 keys, some of them filled by `conditions`.
fn way(trigger: &str, group: &str, is_default: bool, conditions: &Value) -> Value {
    let mut way = json!({
        "base_form": null,
        "evolved_form": null,
        "gender": null,
        "held_item": null,
        "is_default": is_default,
        "item": null,
        "known_move": null,
        "known_move_type": null,
        "location": null,
        "min_affection": null,
        "min_beauty": null,
        "min_damage_taken": null,
        "min_happiness": null,
        "min_level": null,
        "min_move_count": null,
        "min_steps": null,
        "near_special_rock": false,
        "needs_multiplayer": false,
        "needs_overworld_rain": false,
        "party_species": null,
        "party_type": null,
        "region": null,
        "relative_physical_stats": null,
        "time_of_day": "",
        "trade_species": null,
        "trigger": link("evolution-trigger", trigger),
        "turn_upside_down": false,
        "used_move": null,
        "version_group": link("version-group", group),
    });
    for (key, value) in conditions.as_object().into_iter().flatten() {
        way[key] = value.clone();
    }
    way
}

fn at_level(level: u32) -> Value {
    way("level-up", "red-blue", true, &json!({ "min_level": level }))
}

fn to_espeon() -> Vec<Value> {
    let eevee = link("pokemon", "eevee");
    vec![
        way(
            "level-up",
            "gold-silver",
            true,
            &json!({ "base_form": eevee, "min_happiness": 160, "time_of_day": "day" }),
        ),
        way(
            "use-item",
            "ruby-sapphire",
            false,
            &json!({ "base_form": eevee, "item": link("item", "sun-stone") }),
        ),
        // This way is invented: many kinds of conditions, and a zero that differs from null.
        way(
            "trade",
            "x-y",
            false,
            &json!({
                "gender": 1,
                "held_item": link("item", "sun-stone"),
                "known_move": link("move", "psychic"),
                "needs_overworld_rain": true,
                "party_species": link("pokemon-species", "unown"),
                "party_type": link("type", "psychic"),
                "region": link("region", "kalos"),
                "relative_physical_stats": 0,
                "trade_species": link("pokemon-species", "deoxys"),
                "turn_upside_down": true,
            }),
        ),
    ]
}

fn to_sylveon() -> Vec<Value> {
    let [eevee, fairy] = [link("pokemon", "eevee"), link("type", "fairy")];
    vec![
        way(
            "level-up",
            "x-y",
            true,
            &json!({ "base_form": eevee, "known_move_type": fairy, "min_affection": 2 }),
        ),
        way(
            "level-up",
            "x-y",
            false,
            &json!({ "base_form": eevee, "known_move_type": fairy, "min_happiness": 160 }),
        ),
    ]
}

/// The id of the chain that contains a species.
pub(super) fn of_species(name: &str) -> u32 {
    fn holds(link: &Link, name: &str) -> bool {
        link.species == name || link.next.iter().any(|next| holds(next, name))
    }
    CHAINS.iter().find(|(_, root)| holds(root, name)).expect("every species is in a chain").0
}

pub(super) fn documents() -> Vec<Value> {
    fn node(at: &Link) -> Value {
        json!({
            "evolution_details": (at.ways)(),
            "evolves_to": at.next.iter().map(node).collect::<Vec<_>>(),
            "is_baby": false,
            "species": link("pokemon-species", at.species),
        })
    }
    let document =
        |(id, root): &(u32, Link)| json!({ "baby_trigger_item": null, "chain": node(root), "id": id });
    CHAINS.iter().map(document).collect()
}
