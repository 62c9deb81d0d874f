//! `GET /api/v1/pokemon/{id}/evolutions`

use serde_json::{Value, json};
use tests::{House, facts, problem};

async fn get(house: &House, name: &str) -> Value {
    let answer = house.get(&format!("/api/v1/pokemon/{name}/evolutions")).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.json());
    answer.json()
}

fn names(nodes: &Value) -> Vec<&str> {
    nodes
        .as_array()
        .expect("named nodes")
        .iter()
        .map(|node| node["species"]["name"].as_str().expect("named nodes"))
        .collect()
}

/// The node of `name` at any depth below `node`.
fn find<'a>(node: &'a Value, name: &str) -> Option<&'a Value> {
    if node["species"]["name"] == name {
        return Some(node);
    }
    node["evolves_to"].as_array()?.iter().find_map(|next| find(next, name))
}

/// Whether one of the ways to evolve to `name` has all conditions of `wanted`.
fn has_way(tree: &Value, name: &str, wanted: &Value) -> bool {
    let node = find(&tree["chain"], name).unwrap_or_else(|| panic!("{name} in {tree}"));
    node["conditions"]
        .as_array()
        .expect("ways")
        .iter()
        .any(|way| wanted.as_object().expect("what is wanted").iter().all(|(key, value)| &way[key] == value))
}

#[tokio::test]
async fn eevee_evolves_to_eight() {
    let house = House::seeded().await;
    let tree = get(&house, "eevee").await;
    assert_eq!(
        (&tree["pokemon_id"], &tree["name"], &tree["species_id"]),
        (&json!(133), &json!("eevee"), &json!(133))
    );
    let root = &tree["chain"];
    assert_eq!(
        root["species"],
        json!({"id": 133, "name": "eevee", "display_name": "Eevee", "pokemon_id": 133})
    );
    assert_eq!(root["conditions"], json!([]), "nothing evolves into a root");
    assert_eq!(
        names(&root["evolves_to"]),
        ["vaporeon", "jolteon", "flareon", "espeon", "umbreon", "leafeon", "glaceon", "sylveon"]
    );
    assert!(has_way(&tree, "vaporeon", &json!({"trigger": "use-item", "item": "water-stone"})));
    assert!(has_way(
        &tree,
        "umbreon",
        &json!({"trigger": "level-up", "min_happiness": 160, "time_of_day": "night"})
    ));
    assert!(has_way(&tree, "leafeon", &json!({"trigger": "level-up", "location": "eterna-forest"})));
    assert!(has_way(&tree, "leafeon", &json!({"trigger": "use-item", "item": "leaf-stone"})));
    assert!(has_way(&tree, "sylveon", &json!({"known_move_type": "fairy"})));
}

#[tokio::test]
async fn three_steps_are_nested() {
    let house = House::seeded().await;
    let tree = get(&house, "venusaur").await;
    let bulbasaur = &tree["chain"];
    assert_eq!(bulbasaur["species"]["name"], "bulbasaur");
    assert_eq!(names(&bulbasaur["evolves_to"]), ["ivysaur"]);
    assert_eq!(names(&bulbasaur["evolves_to"][0]["evolves_to"]), ["venusaur"]);
    assert_eq!(bulbasaur["evolves_to"][0]["evolves_to"][0]["evolves_to"], json!([]));
    assert!(has_way(&tree, "ivysaur", &json!({"trigger": "level-up", "min_level": 16})));
    assert!(has_way(&tree, "venusaur", &json!({"trigger": "level-up", "min_level": 32})));
}

#[tokio::test]
async fn branches_differ_by_gender_held_item_and_trade() {
    let house = House::seeded().await;
    let ralts = get(&house, "gallade").await;
    let kirlia = find(&ralts["chain"], "kirlia").unwrap();
    assert_eq!(names(&kirlia["evolves_to"]), ["gardevoir", "gallade"]);
    let stone = json!({"trigger": "use-item", "item": "dawn-stone", "gender": 2});
    assert!(has_way(&ralts, "gallade", &stone));
    assert!(!has_way(&ralts, "gardevoir", &stone) && has_way(&ralts, "gardevoir", &json!({"min_level": 30})));

    let slowpoke = get(&house, "slowpoke").await;
    assert_eq!(names(&slowpoke["chain"]["evolves_to"]), ["slowbro", "slowking"]);
    let trade = json!({"trigger": "trade", "held_item": "kings-rock"});
    assert!(has_way(&slowpoke, "slowking", &trade) && !has_way(&slowpoke, "slowbro", &trade));

    let karrablast = get(&house, "karrablast").await;
    assert!(has_way(&karrablast, "escavalier", &json!({"trigger": "trade", "trade_species": "shelmet"})));
}

#[tokio::test]
async fn wurmple_evolves_by_chance_into_two_lines() {
    let house = House::seeded().await;
    let tree = get(&house, "dustox").await;
    let root = &tree["chain"];
    assert_eq!(root["species"]["name"], "wurmple");
    assert_eq!(names(&root["evolves_to"]), ["silcoon", "cascoon"]);
    assert_eq!(names(&root["evolves_to"][0]["evolves_to"]), ["beautifly"]);
    assert_eq!(names(&root["evolves_to"][1]["evolves_to"]), ["dustox"]);
}

#[tokio::test]
async fn a_baby_and_its_incense_are_listed() {
    let house = House::seeded().await;
    let snorlax = get(&house, "snorlax").await;
    assert_eq!(snorlax["baby_trigger_item"], "full-incense");
    assert_eq!(snorlax["chain"]["species"]["name"], "munchlax");
    assert_eq!(snorlax["chain"]["is_baby"], true);
    assert_eq!(snorlax["chain"]["evolves_to"][0]["is_baby"], false);
    let pikachu = get(&house, "pikachu").await;
    assert_eq!(pikachu["baby_trigger_item"], Value::Null);
    assert_eq!(
        (&pikachu["chain"]["species"]["name"], &pikachu["chain"]["is_baby"]),
        (&json!("pichu"), &json!(true))
    );
}

#[tokio::test]
async fn every_form_of_a_species_has_the_tree_of_the_species() {
    let house = House::seeded().await;
    let mut trees = Vec::new();
    for (name, id) in [("meowstic", 678), ("meowstic-male", 678), ("678", 678), ("meowstic-female", 10025)] {
        let mut tree = get(&house, name).await;
        assert_eq!(tree["pokemon_id"], id, "{name}");
        assert_eq!(tree["species_id"], 678, "{name}");
        let node = find(&tree["chain"], "meowstic").unwrap();
        assert_eq!(node["species"]["pokemon_id"], 678, "{name}: the species' default");
        let fields = tree.as_object_mut().unwrap();
        fields.retain(|name, _| !["pokemon_id", "name"].contains(&name.as_str()));
        trees.push(tree);
    }
    assert!(trees.windows(2).all(|two| two[0] == two[1]));
}

/// Compares the nodes of a stored chain with those of the response, side by side.
fn compare(link: &domain::facts::ChainLink, node: &Value, seen: &mut usize) {
    assert_eq!(node["species"]["id"], link.species);
    let ways: Value = serde_json::to_value(&link.conditions).expect("JSON");
    assert_eq!(node["conditions"], ways, "{}", link.species_name);
    for way in node["conditions"].as_array().expect("ways") {
        let way = way.as_object().expect("a way");
        assert!(way.values().all(|value| !value.is_null()), "a null tells nothing: {way:?}");
        assert!(way.contains_key("trigger"), "{way:?}");
        *seen += 1;
    }
    let next = node["evolves_to"].as_array().expect("nodes");
    assert_eq!(next.len(), link.evolves_to.len(), "{}", link.species_name);
    for (link, node) in link.evolves_to.iter().zip(next) {
        compare(link, node, seen);
    }
}

#[tokio::test]
async fn conditions_hold_every_key_that_is_known() {
    let house = House::seeded().await;
    let mut seen = 0;
    for chain in facts().chains.values() {
        let species = &facts().species[&chain.root.species];
        let tree = get(&house, &species.name).await;
        assert_eq!(tree["evolution_chain_id"], chain.id);
        compare(&chain.root, &tree["chain"], &mut seen);
    }
    assert_eq!(seen, 553, "ways to evolve in all {} chains", facts().chains.len());
    // A zero is a fact too: attack and defense must be equal.
    let tyrogue = get(&house, "tyrogue").await;
    assert!(has_way(&tyrogue, "hitmontop", &json!({"min_level": 20, "relative_physical_stats": 0})));
}

#[tokio::test]
async fn the_tree_of_an_unknown_pokemon_is_404() {
    let house = House::seeded().await;
    for name in ["missingno", "0", "99999", "types", "a%20b"] {
        let answer = house.get(&format!("/api/v1/pokemon/{name}/evolutions")).await;
        assert_eq!(answer.status, 404, "{name}: {}", answer.json());
        let problem = problem(&answer, name);
        assert_eq!(problem["code"], "not_found", "{name}");
    }
}
