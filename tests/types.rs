//! `GET /api/v1/types/{name}`, compared with the list of types.

use serde_json::{Value, json};
use tests::{House, facts, problem};

async fn get(house: &House, name: &str) -> Value {
    let answer = house.get(&format!("/api/v1/types/{name}")).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.json());
    answer.json()
}

#[tokio::test]
async fn fairy_has_its_damage_relations() {
    let house = House::seeded().await;
    let mut fairy = get(&house, "fairy").await;
    for lists in fairy["damage_relations"].as_object_mut().unwrap().values_mut() {
        lists.as_array_mut().unwrap().sort_by_key(Value::to_string);
    }
    assert_eq!(
        fairy["damage_relations"],
        json!({
            "double_damage_from": ["poison", "steel"], "double_damage_to": ["dark", "dragon", "fighting"],
            "half_damage_from": ["bug", "dark", "fighting"], "half_damage_to": ["fire", "poison", "steel"],
            "no_damage_from": ["dragon"], "no_damage_to": [],
        })
    );
    assert_eq!(
        (&fairy["id"], &fairy["display_name"], &fairy["generation"]),
        (&json!(18), &json!("Fairy"), &json!(6))
    );
    let pokemon = fairy["pokemon"].as_array().unwrap();
    assert!(pokemon.contains(&json!({"id": 35, "name": "clefairy", "slot": 1})));
    assert!(pokemon.contains(&json!({"id": 39, "name": "jigglypuff", "slot": 2})));
    assert!(pokemon.is_sorted_by_key(|one| one["id"].as_u64()));
    let moves = fairy["moves"].as_array().unwrap();
    assert!(moves.contains(&json!("moonblast")) && !moves.contains(&json!("tackle")));
}

#[tokio::test]
async fn fire_was_special_once() {
    let house = House::seeded().await;
    assert_eq!(get(&house, "fire").await["damage_class"], "special");
    assert_eq!(get(&house, "rock").await["damage_class"], "physical");
    assert_eq!(get(&house, "fairy").await["damage_class"], Value::Null);
}

#[tokio::test]
async fn all_21_types_are_known_and_18_are_listed() {
    let house = House::seeded().await;
    let listed = house.get("/api/v1/pokemon/types").await.json();
    let listed: Vec<&str> = listed.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(listed.len(), 18);
    assert!(listed.is_sorted());
    let mut unlisted = Vec::new();
    for kind in facts().types.values() {
        let answer = get(&house, &kind.name).await;
        assert_eq!((&answer["name"], &answer["id"]), (&json!(kind.name), &json!(kind.id)));
        let bearers = answer["pokemon"].as_array().unwrap();
        assert_eq!(listed.contains(&kind.name.as_str()), !bearers.is_empty(), "{}", kind.name);
        if bearers.is_empty() {
            unlisted.push(kind.name.as_str());
        }
    }
    unlisted.sort_unstable();
    assert_eq!(unlisted, ["shadow", "stellar", "unknown"]);
    assert_eq!(facts().types.len(), 21);
}

#[tokio::test]
async fn the_three_types_without_pokemon_are_served_too() {
    let house = House::seeded().await;
    let stellar = get(&house, "stellar").await;
    assert_eq!((&stellar["generation"], &stellar["pokemon"]), (&json!(9), &json!([])));
    assert_eq!(get(&house, "unknown").await["display_name"], "???");
    let shadow = get(&house, "shadow").await;
    assert!(shadow["moves"].as_array().unwrap().contains(&json!("shadow-rush")));
}

#[tokio::test]
async fn a_type_names_exactly_the_pokemon_that_the_list_finds_by_it() {
    let house = House::seeded().await;
    for name in ["ice", "fairy", "normal"] {
        let expected: Vec<u64> = ids(&get(&house, name).await["pokemon"]);
        let mut found = Vec::new();
        while found.len() < expected.len() {
            let page = found.len() / 100 + 1;
            let path = format!("/api/v1/pokemon?forms=all&per_page=100&type={name}&page={page}");
            let body = house.get(&path).await.json();
            assert_eq!(body["pagination"]["total"], expected.len(), "{name}");
            found.extend(ids(&body["pokemon"]));
        }
        assert_eq!(found, expected, "{name}");
    }
}

fn ids(pokemon: &Value) -> Vec<u64> {
    pokemon
        .as_array()
        .expect("Pokémon with ids")
        .iter()
        .map(|one| one["id"].as_u64().expect("Pokémon with ids"))
        .collect()
}

#[tokio::test]
async fn a_type_is_found_by_id_and_by_name_in_any_spelling() {
    let house = House::seeded().await;
    assert_eq!(get(&house, "FIRE").await, get(&house, "fire").await);
    for name in ["10", "010", "fire-", "f%C3%ADre"] {
        assert_eq!(get(&house, name).await, get(&house, "fire").await, "{name}");
    }
    for name in ["light", "99", "0", "all", "fire-water", "f%C3%ABu"] {
        let answer = house.get(&format!("/api/v1/types/{name}")).await;
        assert_eq!(answer.status, 404, "{name}: {}", answer.json());
        assert_eq!(problem(&answer, name)["code"], "not_found");
    }
}
