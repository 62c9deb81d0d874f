//! Learnsets: which Pokémon learns which move, how and in which games.

use serde_json::{Value, json};

use super::register::link;

/// Version group, method, level (0 for a method without levels), and the order among the moves of one level.
type Way = (&'static str, &'static str, u32, Option<u32>);
type Learnset = &'static [(&'static str, &'static [Way])];

#[rustfmt::skip]
const LEARNSETS: &[(&str, Learnset)] = &[
    ("bulbasaur", &[
        ("vine-whip", &[
            ("red-blue", "level-up", 13, None), ("gold-silver", "level-up", 10, None),
            ("ruby-sapphire", "level-up", 10, None), ("firered-leafgreen", "level-up", 10, None),
            ("x-y", "level-up", 9, None),
        ]),
        ("tackle", &[
            ("red-blue", "level-up", 1, Some(1)), ("gold-silver", "level-up", 1, None),
            ("ruby-sapphire", "level-up", 1, None), ("x-y", "level-up", 1, Some(1)),
        ]),
        ("growl", &[("red-blue", "level-up", 1, Some(2)), ("x-y", "level-up", 3, None)]),
    ]),
    ("ivysaur", &[
        ("vine-whip", &[("red-blue", "level-up", 13, None), ("x-y", "level-up", 9, None)]),
        ("tackle", &[("red-blue", "level-up", 1, Some(1)), ("x-y", "level-up", 1, Some(1))]),
    ]),
    ("venusaur", &[
        ("vine-whip", &[("red-blue", "level-up", 1, Some(4)), ("red-blue", "level-up", 13, None)]),
        ("tackle", &[("red-blue", "level-up", 1, Some(1))]),
    ]),
    ("charmander", &[
        ("scratch", &[("red-blue", "level-up", 1, Some(1)), ("x-y", "level-up", 1, Some(1))]),
        ("growl", &[("red-blue", "level-up", 1, Some(2)), ("x-y", "level-up", 1, Some(2))]),
        ("ember", &[("red-blue", "level-up", 9, None), ("x-y", "level-up", 7, None)]),
    ]),
    ("charmeleon", &[
        ("scratch", &[("red-blue", "level-up", 1, Some(1))]),
        ("ember", &[("red-blue", "level-up", 1, Some(3)), ("red-blue", "level-up", 9, None)]),
    ]),
    ("charizard", &[
        ("scratch", &[("red-blue", "level-up", 1, Some(1))]),
        ("fly", &[("gold-silver", "machine", 0, None), ("x-y", "machine", 0, None)]),
        ("ember", &[("red-blue", "level-up", 1, Some(3)), ("red-blue", "level-up", 9, None)]),
        ("dragon-claw", &[("ruby-sapphire", "machine", 0, None), ("x-y", "level-up", 1, None)]),
    ]),
    ("nidoran-f", &[
        ("scratch", &[("red-blue", "level-up", 8, None), ("x-y", "level-up", 7, None)]),
        ("tackle", &[("red-blue", "level-up", 1, Some(2))]),
        ("growl", &[("red-blue", "level-up", 1, Some(1)), ("x-y", "level-up", 1, Some(1))]),
    ]),
    ("eevee", &[
        ("tackle", &[("red-blue", "level-up", 1, Some(1)), ("x-y", "level-up", 1, Some(3))]),
        ("growl", &[("gold-silver", "level-up", 16, None)]),
        ("quick-attack", &[("red-blue", "level-up", 27, None), ("x-y", "level-up", 13, None)]),
        ("swift", &[
            ("red-blue", "machine", 0, None), ("firered-leafgreen", "tutor", 0, None),
            ("x-y", "level-up", 10, None),
        ]),
    ]),
    ("espeon", &[
        ("tackle", &[("gold-silver", "level-up", 1, Some(1))]),
        ("psychic", &[("gold-silver", "level-up", 47, None), ("gold-silver", "machine", 0, None)]),
        ("swift", &[("gold-silver", "machine", 0, None)]),
    ]),
    ("unown", &[("hidden-power", &[("gold-silver", "level-up", 1, None), ("x-y", "machine", 0, None)])]),
    ("deoxys-normal", &[
        ("psychic", &[("ruby-sapphire", "level-up", 25, None), ("ruby-sapphire", "machine", 0, None)]),
        ("hidden-power", &[("ruby-sapphire", "machine", 0, None)]),
    ]),
    ("flabebe", &[
        ("vine-whip", &[("x-y", "level-up", 1, Some(2))]),
        ("tackle", &[("x-y", "level-up", 1, Some(1))]),
        ("moonblast", &[("x-y", "level-up", 41, None), ("x-y", "egg", 0, None)]),
    ]),
    ("sylveon", &[
        ("quick-attack", &[("x-y", "level-up", 13, None)]),
        ("moonblast", &[("x-y", "level-up", 45, None)]),
    ]),
    ("charizard-mega-x", &[("dragon-claw", &[("x-y", "machine", 0, None)])]),
];

/// The Pokémon that learn a move.
pub(super) fn learners(name: &str) -> impl Iterator<Item = &'static str> {
    LEARNSETS
        .iter()
        .filter(move |(_, learnset)| learnset.iter().any(|(learned, _)| *learned == name))
        .map(|(pokemon, _)| *pokemon)
}

/// The `moves` of a Pokémon's document.
pub(super) fn moves(pokemon: &str) -> Vec<Value> {
    let learnset =
        LEARNSETS.iter().find(|(name, _)| *name == pokemon).map_or(&[][..], |(_, learnset)| *learnset);
    let way = |(group, method, level, order): &Way| {
        json!({
            "level_learned_at": level,
            "move_learn_method": link("move-learn-method", method),
            "order": order,
            "version_group": link("version-group", group),
        })
    };
    let learned = |(name, ways): &(&str, &[Way])| {
        let ways: Vec<_> = ways.iter().map(way).collect();
        json!({ "move": link("move", name), "version_group_details": ways })
    };
    learnset.iter().map(learned).collect()
}
