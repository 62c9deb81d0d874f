//! Generations and version groups.

use serde_json::{Value, json};

use super::register::{id_of, link, links, names};
use super::{abilities, moves, species, types};

struct Generation {
    name: &'static str,
    fr: &'static str,
    en: &'static str,
    region: &'static str,
}

const GENERATIONS: &[Generation] = &[
    Generation { name: "generation-i", fr: "Génération I", en: "Generation I", region: "kanto" },
    Generation { name: "generation-ii", fr: "Génération II", en: "Generation II", region: "johto" },
    Generation { name: "generation-iii", fr: "Génération III", en: "Generation III", region: "hoenn" },
    Generation { name: "generation-vi", fr: "Génération VI", en: "Generation VI", region: "kalos" },
];

struct Group {
    name: &'static str,
    generation: &'static str,
    /// Version groups by release date, which is not the order of the ids.
    order: u32,
    versions: &'static [&'static str],
    methods: &'static [&'static str],
    pokedex: &'static str,
    regions: &'static [&'static str],
}

const GROUPS: &[Group] = &[
    Group {
        name: "red-blue",
        generation: "generation-i",
        order: 3,
        versions: &["red", "blue"],
        methods: &["level-up", "machine"],
        pokedex: "kanto",
        regions: &["kanto"],
    },
    Group {
        name: "gold-silver",
        generation: "generation-ii",
        order: 5,
        versions: &["gold", "silver"],
        methods: &["level-up", "egg", "machine"],
        pokedex: "original-johto",
        regions: &["kanto", "johto"],
    },
    Group {
        name: "ruby-sapphire",
        generation: "generation-iii",
        order: 7,
        versions: &["ruby", "sapphire"],
        methods: &["level-up", "egg", "machine"],
        pokedex: "hoenn",
        regions: &["hoenn"],
    },
    Group {
        name: "firered-leafgreen",
        generation: "generation-iii",
        order: 11,
        versions: &["firered", "leafgreen"],
        methods: &["level-up", "egg", "tutor", "machine"],
        pokedex: "kanto",
        regions: &["kanto"],
    },
    Group {
        name: "x-y",
        generation: "generation-vi",
        order: 17,
        versions: &["x", "y"],
        methods: &["level-up", "egg", "tutor", "machine"],
        pokedex: "kalos-central",
        regions: &["kalos"],
    },
    Group {
        name: "red-green-japan",
        generation: "generation-i",
        order: 1,
        versions: &["red-japan", "green-japan"],
        methods: &["level-up", "machine"],
        pokedex: "kanto",
        regions: &["kanto"],
    },
];

pub(super) fn generations() -> Vec<Value> {
    let document = |g: &Generation| {
        let groups = GROUPS.iter().filter(|group| group.generation == g.name).map(|group| group.name);
        json!({
            "abilities": links("ability", abilities::of_generation(g.name)),
            "id": id_of("generation", g.name),
            "main_region": link("region", g.region),
            "moves": links("move", moves::of_generation(g.name)),
            "name": g.name,
            "names": names(g.fr, g.en),
            "pokemon_species": links("pokemon-species", species::of_generation(g.name)),
            "types": links("type", types::of_generation(g.name)),
            "version_groups": links("version-group", groups),
        })
    };
    GENERATIONS.iter().map(document).collect()
}

pub(super) fn version_groups() -> Vec<Value> {
    let document = |group: &Group| {
        json!({
            "generation": link("generation", group.generation),
            "id": id_of("version-group", group.name),
            "move_learn_methods": links("move-learn-method", group.methods.iter().copied()),
            "name": group.name,
            "order": group.order,
            "pokedexes": [link("pokedex", group.pokedex)],
            "regions": links("region", group.regions.iter().copied()),
            "versions": links("version", group.versions.iter().copied()),
        })
    };
    GROUPS.iter().map(document).collect()
}
