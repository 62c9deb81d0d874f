//! Tests of the world's consistency.

use std::collections::BTreeSet;

use serde_json::Value;

use super::World;

const KINDS: [&str; 9] = [
    "version-group",
    "generation",
    "type",
    "ability",
    "move",
    "pokemon-species",
    "pokemon-form",
    "pokemon",
    "evolution-chain",
];

fn documents<'a>(world: &'a World, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    world.listed(kind).map(move |(id, _)| world.get(kind, &id.to_string()).unwrap())
}

/// Every link in a document: its name, if it has one, and its URL.
fn links(value: &Value, found: &mut Vec<(Option<String>, String)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| links(item, found)),
        Value::Object(fields) => {
            if let Some(url) = value["url"].as_str() {
                found.push((value["name"].as_str().map(str::to_owned), url.to_owned()));
            }
            fields.values().for_each(|field| links(field, found));
        }
        _ => {}
    }
}

#[test]
fn every_kind_has_documents_under_their_own_ids_and_names() {
    let world = World::small();
    for kind in KINDS {
        assert!(world.listed(kind).count() >= 4, "{kind}");
        for (id, name) in world.listed(kind) {
            let document = world.get(kind, &id.to_string()).unwrap();
            assert_eq!((document["id"].as_u64(), document["name"].as_str()), (Some(u64::from(id)), name));
            assert_eq!(name.is_none(), kind == "evolution-chain");
        }
    }
}

#[test]
fn every_link_leads_to_a_document_of_that_name() {
    let world = World::small();
    let mut found = Vec::new();
    KINDS.iter().flat_map(|kind| documents(&world, kind)).for_each(|document| links(document, &mut found));
    assert!(found.len() > 500);
    for (name, url) in found {
        let (kind, id) = url.strip_prefix("/api/v2/").unwrap().trim_end_matches('/').split_once('/').unwrap();
        if KINDS.contains(&kind) {
            let document = world.get(kind, id).unwrap_or_else(|| panic!("{url} leads nowhere"));
            assert_eq!(document["name"].as_str().map(str::to_owned), name, "{url}");
        }
        assert!(url.ends_with('/'), "{url}");
    }
}

#[test]
fn holders_agree_with_the_lists_of_holders() {
    let world = World::small();
    for (kind, list, inner) in [("type", "types", "type"), ("ability", "abilities", "ability")] {
        for document in documents(&world, kind) {
            let listed: BTreeSet<_> = document["pokemon"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| p["pokemon"]["name"].as_str())
                .collect();
            let has = |p: &&Value| {
                p[list].as_array().unwrap().iter().any(|held| held[inner]["name"] == document["name"])
            };
            let expected: BTreeSet<_> =
                documents(&world, "pokemon").filter(has).map(|p| p["name"].as_str()).collect();
            assert_eq!(listed, expected, "{kind} {}", document["name"]);
        }
    }
    for document in documents(&world, "move") {
        let listed = document["learned_by_pokemon"].as_array().unwrap().len();
        let learns = |p: &&Value| {
            p["moves"].as_array().unwrap().iter().any(|learned| learned["move"]["name"] == document["name"])
        };
        assert_eq!(listed, documents(&world, "pokemon").filter(learns).count(), "{}", document["name"]);
    }
}

#[test]
fn species_pokemon_forms_and_chains_belong_together() {
    let world = World::small();
    for species in documents(&world, "pokemon-species") {
        let varieties = species["varieties"].as_array().unwrap();
        assert_eq!(varieties.iter().filter(|v| v["is_default"] == true).count(), 1, "{}", species["name"]);
        let chain = species["evolution_chain"]["url"].as_str().unwrap().rsplit('/').nth(1).unwrap();
        let mut members = Vec::new();
        links(world.get("evolution-chain", chain).unwrap(), &mut members);
        assert!(members.iter().any(|(name, _)| name.as_deref() == species["name"].as_str()));
    }
    for pokemon in documents(&world, "pokemon") {
        let species = world.get("pokemon-species", pokemon["species"]["name"].as_str().unwrap()).unwrap();
        let listed =
            |v: &Value| v["pokemon"]["name"] == pokemon["name"] && v["is_default"] == pokemon["is_default"];
        assert!(species["varieties"].as_array().unwrap().iter().any(listed), "{}", pokemon["name"]);
        for form in pokemon["forms"].as_array().unwrap() {
            let form = world.get("pokemon-form", form["name"].as_str().unwrap()).unwrap();
            assert_eq!(form["pokemon"]["name"], pokemon["name"]);
            assert_eq!(form["types"], pokemon["types"]);
        }
    }
    let unown = world.get("pokemon", "unown").unwrap();
    assert_eq!(unown["forms"].as_array().unwrap().len(), 3);
}

#[test]
fn a_way_to_evolve_has_the_keys_of_the_real_ones() {
    let world = World::small();
    let eevee = world.get("evolution-chain", "67").unwrap();
    let espeon = &eevee["chain"]["evolves_to"][0]["evolution_details"];
    assert_eq!(espeon.as_array().unwrap().len(), 3);
    for way in espeon.as_array().unwrap() {
        assert_eq!(way.as_object().unwrap().len(), 29);
    }
}
