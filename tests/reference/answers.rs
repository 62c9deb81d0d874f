//! Response bodies: a row of the list, the types, the generations.

use serde_json::{Map, Value, json};

use super::facts::{Facts, number, slug, texts};
use super::query::STATS;

const SPRITES: &str = "https://raw.githubusercontent.com/PokeAPI/sprites/master/sprites/";

pub fn row(facts: &Facts, id: u32, generation: u32) -> Value {
    let pokemon = facts.get("pokemon", id);
    let stats: Map<String, Value> =
        STATS.iter().map(|&stat| (stat.to_owned(), pokemon["stats"][stat].clone())).collect();
    json!({
        "id": id,
        "pokemon_id": id,
        "name": slug(pokemon),
        "display_name": facts.display_name(id),
        "height": pokemon["height"],
        "weight": pokemon["weight"],
        "base_experience": pokemon["base_experience"],
        "types": facts.types_of(id),
        "abilities": facts.abilities_of(id),
        "stats": stats,
        "sprites": sprites(&pokemon["sprites"]),
        "generation": generation,
        "species_id": pokemon["species"],
        "is_default": pokemon["is_default"] == true,
    })
}

fn sprites(paths: &Value) -> Value {
    let mut urls = Map::new();
    for name in ["front_default", "back_default", "front_shiny", "back_shiny"] {
        if let Some(path) = paths[name].as_str() {
            urls.insert(name.to_owned(), json!(format!("{SPRITES}{path}")));
        }
    }
    Value::Object(urls)
}

pub fn types(facts: &Facts) -> Vec<String> {
    let mut names: Vec<String> = facts.all("pokemon").keys().flat_map(|&id| facts.types_of(id)).collect();
    names.sort();
    names.dedup();
    names
}

pub fn generations(facts: &Facts) -> Value {
    let ids = facts.all("generation").keys();
    json!({
        "generations": ids.clone().map(|&id| generation(facts, id)).collect::<Vec<_>>(),
        "total_generations": ids.count(),
        "total_pokemon": facts.all("pokemon-species").len(),
    })
}

fn generation(facts: &Facts, id: u32) -> Value {
    let fact = facts.get("generation", id);
    let of_it = |fact: &&Value| number(&fact["generation"]) == id;
    let species: Vec<u32> =
        facts.all("pokemon-species").values().filter(of_it).map(|species| number(&species["id"])).collect();
    let mut version_groups: Vec<&Value> = facts.all("version-group").values().filter(of_it).collect();
    version_groups.sort_by_key(|group| group["order"].as_i64());
    json!({
        "generation": id,
        "name": capitalised(fact["region"].as_str().expect("each generation has a region")),
        "title": fact["display_name"],
        "region": fact["region"],
        "pokemon_count": species.len(),
        "start_id": species.iter().min(),
        "end_id": species.iter().max(),
        "games": version_groups.iter().flat_map(|group| texts(&group["versions"])).collect::<Vec<_>>(),
    })
}

fn capitalised(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}
