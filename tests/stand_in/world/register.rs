//! The existing names and their ids, including the kinds that are only link targets; and links made of them.

use serde_json::{Value, json};

type Names = &'static [(&'static str, u32)];

#[rustfmt::skip]
const REGISTER: &[(&str, Names)] = &[
    ("version-group", &[
        ("red-blue", 1), ("gold-silver", 3), ("ruby-sapphire", 5), ("firered-leafgreen", 7), ("x-y", 15),
        ("red-green-japan", 28),
    ]),
    ("generation", &[
        ("generation-i", 1), ("generation-ii", 2), ("generation-iii", 3), ("generation-vi", 6),
    ]),
    ("type", &[
        ("normal", 1), ("flying", 3), ("poison", 4), ("fire", 10), ("grass", 12), ("psychic", 14),
        ("dragon", 16), ("fairy", 18), ("unknown", 10001),
    ]),
    ("ability", &[
        ("levitate", 26), ("synchronize", 28), ("chlorophyll", 34), ("poison-point", 38), ("pressure", 46),
        ("run-away", 50), ("cute-charm", 56), ("overgrow", 65), ("blaze", 66), ("flower-veil", 166),
        ("tough-claws", 181),
    ]),
    ("move", &[
        ("scratch", 10), ("fly", 19), ("vine-whip", 22), ("tackle", 33), ("growl", 45), ("ember", 52),
        ("psychic", 94), ("quick-attack", 98), ("swift", 129), ("struggle", 165), ("hidden-power", 237),
        ("dragon-claw", 337), ("moonblast", 585),
    ]),
    ("pokemon-species", &[
        ("bulbasaur", 1), ("ivysaur", 2), ("venusaur", 3), ("charmander", 4), ("charmeleon", 5),
        ("charizard", 6), ("nidoran-f", 29), ("eevee", 133), ("espeon", 196), ("unown", 201),
        ("deoxys", 386), ("flabebe", 669), ("sylveon", 700),
    ]),
    ("pokemon", &[
        ("bulbasaur", 1), ("ivysaur", 2), ("venusaur", 3), ("charmander", 4), ("charmeleon", 5),
        ("charizard", 6), ("nidoran-f", 29), ("eevee", 133), ("espeon", 196), ("unown", 201),
        ("deoxys-normal", 386), ("flabebe", 669), ("sylveon", 700), ("deoxys-attack", 10001),
        ("charizard-mega-x", 10034),
    ]),
    ("pokemon-form", &[
        ("bulbasaur", 1), ("ivysaur", 2), ("venusaur", 3), ("charmander", 4), ("charmeleon", 5),
        ("charizard", 6), ("nidoran-f", 29), ("eevee", 133), ("espeon", 196), ("unown-a", 201),
        ("deoxys-normal", 386), ("flabebe-red", 669), ("sylveon", 700), ("unown-b", 10001),
        ("unown-c", 10002), ("deoxys-attack", 10031), ("charizard-mega-x", 10134),
    ]),
    // The following kinds are link targets that are not served.
    ("contest-type", &[("cool", 1), ("beauty", 2), ("cute", 3), ("smart", 4), ("tough", 5)]),
    ("egg-group", &[
        ("monster", 1), ("ground", 5), ("fairy", 6), ("plant", 7), ("dragon", 14), ("no-eggs", 15),
    ]),
    ("evolution-trigger", &[("level-up", 1), ("trade", 2), ("use-item", 3)]),
    ("growth-rate", &[("slow", 1), ("medium", 2), ("medium-slow", 4)]),
    ("item", &[("sun-stone", 80), ("charizardite-x", 699)]),
    ("language", &[("fr", 5), ("en", 9)]),
    ("move-ailment", &[("none", 0), ("burn", 4)]),
    ("move-category", &[("damage", 0), ("net-good-stats", 2), ("damage-ailment", 4), ("damage-lower", 6)]),
    ("move-damage-class", &[("status", 1), ("physical", 2), ("special", 3)]),
    ("move-learn-method", &[("level-up", 1), ("egg", 2), ("tutor", 3), ("machine", 4)]),
    ("move-target", &[("random-opponent", 8), ("selected-pokemon", 10), ("all-opponents", 11)]),
    ("pokedex", &[("national", 1), ("kanto", 2), ("original-johto", 3), ("hoenn", 4), ("kalos-central", 12)]),
    ("pokemon-color", &[
        ("black", 1), ("blue", 2), ("brown", 3), ("green", 5), ("pink", 6), ("purple", 7), ("red", 8),
        ("white", 9),
    ]),
    ("pokemon-habitat", &[("grassland", 3), ("mountain", 4), ("rare", 5), ("urban", 8)]),
    ("pokemon-shape", &[("ball", 1), ("arms", 4), ("upright", 6), ("quadruped", 8), ("humanoid", 12)]),
    ("region", &[("kanto", 1), ("johto", 2), ("hoenn", 3), ("kalos", 6)]),
    ("stat", &[
        ("hp", 1), ("attack", 2), ("defense", 3), ("special-attack", 4), ("special-defense", 5),
        ("speed", 6), ("special", 9),
    ]),
    ("version", &[
        ("red", 1), ("blue", 2), ("gold", 4), ("silver", 5), ("ruby", 7), ("sapphire", 8), ("firered", 10),
        ("leafgreen", 11), ("x", 23), ("y", 24), ("red-japan", 44), ("green-japan", 45),
    ]),
];

pub(super) fn id_of(kind: &str, name: &str) -> u32 {
    let names = REGISTER.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, names)| *names);
    let entry = names.iter().find(|(known, _)| *known == name);
    entry.unwrap_or_else(|| panic!("the register has no {kind} {name}")).1
}

pub(super) fn url(kind: &str, id: u32) -> String {
    format!("/api/v2/{kind}/{id}/")
}

pub(super) fn link(kind: &str, name: &str) -> Value {
    json!({ "name": name, "url": url(kind, id_of(kind, name)) })
}

pub(super) fn links<'a>(kind: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    names.into_iter().map(|name| link(kind, name)).collect()
}

/// A name in two languages. English comes second: a reader that takes the first name is wrong.
pub(super) fn names(french: &str, english: &str) -> Value {
    json!([
        { "language": link("language", "fr"), "name": french },
        { "language": link("language", "en"), "name": english },
    ])
}

/// Makes the URLs of a document point to a server.
pub(in super::super) fn absolute(value: &mut Value, origin: &str) {
    const ROOTS: [&str; 3] = ["/api/v2/", "/sprites/", "/cries/"];
    match value {
        Value::String(text) if ROOTS.iter().any(|root| text.starts_with(root)) => text.insert_str(0, origin),
        Value::Array(items) => items.iter_mut().for_each(|item| absolute(item, origin)),
        Value::Object(fields) => fields.values_mut().for_each(|field| absolute(field, origin)),
        _ => {}
    }
}
