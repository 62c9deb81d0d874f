//! `GET /api/v1/abilities/{name}`

use serde_json::{Value, json};
use tests::{House, facts, problem};

async fn get(house: &House, name: &str) -> Value {
    let answer = house.get(&format!("/api/v1/abilities/{name}")).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.json());
    answer.json()
}

#[tokio::test]
async fn static_names_its_pokemon_and_those_for_which_it_is_hidden() {
    let house = House::seeded().await;
    let ability = get(&house, "static").await;
    assert_eq!(
        (&ability["id"], &ability["name"], &ability["display_name"], &ability["generation"]),
        (&json!(9), &json!("static"), &json!("Static"), &json!(3))
    );
    assert_eq!(ability["is_main_series"], true);
    let pokemon = ability["pokemon"].as_array().unwrap();
    assert!(pokemon.contains(&json!({"id": 25, "name": "pikachu", "is_hidden": false, "slot": 1})));
    assert!(pokemon.contains(&json!({"id": 145, "name": "zapdos", "is_hidden": true, "slot": 3})));
    assert!(!pokemon.iter().any(|one| one["name"] == "bulbasaur"));
    assert!(pokemon.is_sorted_by_key(|one| one["id"].as_u64()));
}

#[tokio::test]
async fn every_ability_names_the_pokemon_that_have_it_in_the_facts() {
    let house = House::seeded().await;
    for ability in facts().abilities.values() {
        let answer = get(&house, &ability.name).await;
        assert_eq!(answer["id"], ability.id);
        let named = answer["pokemon"].as_array().unwrap().iter();
        let named: Vec<_> =
            named.map(|one| (one["id"].as_u64().unwrap(), one["slot"].as_u64().unwrap())).collect();
        let bearers = facts().pokemon.values().flat_map(|pokemon| {
            let slots = pokemon.abilities.iter().filter(|slot| slot.name == ability.name);
            slots.map(|slot| (u64::from(pokemon.id), u64::from(slot.slot)))
        });
        assert_eq!(named, bearers.collect::<Vec<_>>(), "{}", ability.name);
    }
    assert_eq!(facts().abilities.len(), 373);
}

#[tokio::test]
async fn an_ability_without_pokemon_has_an_empty_list() {
    let house = House::seeded().await;
    let nobodys = facts().abilities.values().find(|ability| !ability.is_main_series).expect("a spin-off's");
    let answer = get(&house, &nobodys.name).await;
    assert_eq!((&answer["is_main_series"], &answer["pokemon"]), (&json!(false), &json!([])));
}

#[tokio::test]
async fn an_ability_is_found_by_id_and_by_name_in_any_spelling() {
    let house = House::seeded().await;
    assert_eq!(get(&house, "Lightning-Rod").await, get(&house, "lightning-rod").await);
    for name in ["lightning%20rod", "lightning_rod", "LightningRod", "31", "031"] {
        assert_eq!(get(&house, name).await, get(&house, "lightning-rod").await, "{name}");
    }
    for name in ["9999", "0", "lightning%2Brod", "none"] {
        let answer = house.get(&format!("/api/v1/abilities/{name}")).await;
        assert_eq!(answer.status, 404, "{name}: {}", answer.json());
        assert_eq!(problem(&answer, name)["code"], "not_found");
    }
}
