//! `GET /api/v1/moves/{name}`

use serde_json::{Value, json};
use tests::{House, facts, problem};

async fn get(house: &House, name: &str) -> Value {
    let answer = house.get(&format!("/api/v1/moves/{name}")).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.json());
    answer.json()
}

#[tokio::test]
async fn tackle_has_its_facts_and_its_learners() {
    let house = House::seeded().await;
    let tackle = get(&house, "tackle").await;
    let expected = json!({
        "id": 33, "name": "tackle", "display_name": "Tackle", "generation": 1, "type": "normal",
        "damage_class": "physical", "target": "selected-pokemon", "power": 40, "pp": 35, "accuracy": 100,
        "effect_chance": null, "priority": 0, "stat_changes": {},
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&tackle[field], value, "{field}");
    }
    assert_eq!((&tackle["meta"]["category"], &tackle["meta"]["drain"]), (&json!("damage"), &json!(0)));
    let learned_by = tackle["learned_by"].as_array().unwrap();
    for name in ["bulbasaur", "squirtle", "pidgey", "eevee"] {
        assert!(learned_by.contains(&json!(name)), "{name}");
    }
    for name in ["charmander", "mewtwo", "gastly"] {
        assert!(!learned_by.contains(&json!(name)), "{name}");
    }
}

#[tokio::test]
async fn moves_have_priority_chance_stages_and_nulls() {
    let house = House::seeded().await;
    let quick = get(&house, "quick-attack").await;
    assert_eq!(quick["priority"], 1);
    let thunderbolt = get(&house, "thunderbolt").await;
    assert_eq!(
        (&thunderbolt["effect_chance"], &thunderbolt["meta"]["ailment"]),
        (&json!(10), &json!("paralysis"))
    );
    let growl = get(&house, "growl").await;
    assert_eq!(growl["stat_changes"], json!({"attack": -1}));
    assert_eq!(growl["power"], Value::Null, "it does no damage");
    assert_eq!(get(&house, "swift").await["accuracy"], Value::Null, "it cannot miss");
}

#[tokio::test]
async fn a_move_names_every_pokemon_that_has_it_in_its_learnset() {
    let house = House::seeded().await;
    let pikachu = house.get("/api/v1/pokemon/pikachu?include=moves").await.json();
    let learnset = pikachu["learnset"].as_array().unwrap();
    assert!(learnset.len() > 100);
    for entry in learnset {
        let name = entry["move"].as_str().unwrap();
        let learned_by = get(&house, name).await["learned_by"].clone();
        assert!(learned_by.as_array().unwrap().contains(&json!("pikachu")), "{name}");
    }
}

#[tokio::test]
async fn every_move_answers_with_its_own_numbers() {
    let house = House::seeded().await;
    for one in facts().moves.values() {
        let answer = get(&house, &one.name).await;
        assert_eq!(answer["id"], one.id);
        assert_eq!(
            (&answer["type"], &answer["power"], &answer["pp"], &answer["accuracy"]),
            (&json!(one.move_type), &json!(one.power), &json!(one.pp), &json!(one.accuracy)),
            "{}",
            one.name
        );
        assert_eq!(answer["meta"], serde_json::to_value(&one.meta).unwrap(), "{}", one.name);
    }
    assert_eq!(facts().moves.len(), 937);
}

#[tokio::test]
async fn a_move_is_found_by_id_and_by_name_in_any_spelling() {
    let house = House::seeded().await;
    assert_eq!(get(&house, "Thunder-Shock").await, get(&house, "thunder-shock").await);
    for name in ["thunder%20shock", "thundershock", "84", "084"] {
        assert_eq!(get(&house, name).await, get(&house, "thunder-shock").await, "{name}");
    }
    for name in ["99999", "0", "thunder%2Bshock", "thunder-shocks"] {
        let answer = house.get(&format!("/api/v1/moves/{name}")).await;
        assert_eq!(answer.status, 404, "{name}: {}", answer.json());
        assert_eq!(problem(&answer, name)["code"], "not_found");
    }
    for name in ["10-000-000-volt-thunderbolt", "10,000,000%20Volt%20Thunderbolt"] {
        assert_eq!(get(&house, name).await["type"], "electric", "{name}");
    }
}
