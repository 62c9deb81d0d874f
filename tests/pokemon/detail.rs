//! `GET /api/v1/pokemon/{id}`

use serde_json::{Value, json};
use tests::{House, facts, problem};

async fn get(house: &House, path: &str) -> Value {
    let answer = house.get(&format!("/api/v1/pokemon/{path}")).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.json());
    answer.json()
}

#[tokio::test]
async fn pikachu_has_its_facts() {
    let house = House::seeded().await;
    let pikachu = get(&house, "25").await;
    let past_abilities =
        json!([{"generation": 4, "abilities": [{"name": null, "is_hidden": true, "slot": 3}]}]);
    let past_stats = json!([
        {"generation": 1, "stats": {"special": 50}},
        {"generation": 5, "stats": {"defense": 30, "special-defense": 40}},
    ]);
    let expected = json!({
        "id": 25, "pokemon_id": 25, "name": "pikachu", "display_name": "Pikachu", "height": 4, "weight": 60,
        "base_experience": 112, "types": ["electric"], "abilities": ["static", "lightning-rod"],
        "ability_slots": [
            {"name": "static", "is_hidden": false, "slot": 1},
            {"name": "lightning-rod", "is_hidden": true, "slot": 3},
        ],
        "stats": {"hp": 35, "attack": 55, "defense": 40, "special-attack": 50, "special-defense": 50, "speed": 90},
        "effort": {"hp": 0, "attack": 0, "defense": 0, "special-attack": 0, "special-defense": 0, "speed": 2},
        "generation": 1, "species_id": 25, "species": "pikachu", "is_default": true, "is_baby": false,
        "is_legendary": false, "is_mythical": false, "gender_rate": 4, "capture_rate": 190, "base_happiness": 70,
        "hatch_counter": 10, "growth_rate": "medium", "egg_groups": ["ground", "fairy"], "color": "yellow",
        "shape": "quadruped", "habitat": "forest", "has_gender_differences": true, "forms_switchable": false,
        "evolution_chain_id": 10, "evolves_from": "pichu", "past_types": [], "past_abilities": past_abilities, "past_stats": past_stats,
        "created_at": "2026-08-01T00:00:00Z", "updated_at": "2026-08-01T00:00:00Z",
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&pikachu[field], value, "{field}");
    }
    let base = "https://raw.githubusercontent.com/PokeAPI/sprites/master/sprites/pokemon";
    let sprites = json!({
        "front_default": format!("{base}/25.png"), "back_default": format!("{base}/back/25.png"),
        "front_shiny": format!("{base}/shiny/25.png"), "back_shiny": format!("{base}/back/shiny/25.png"),
    });
    assert_eq!(pikachu["sprites"], sprites);
    let varieties = pikachu["varieties"].as_array().unwrap();
    assert_eq!(varieties.len(), 17);
    assert_eq!(varieties[0], json!({"id": 25, "name": "pikachu", "is_default": true}));
    assert!(varieties.contains(&json!({"id": 10199, "name": "pikachu-gmax", "is_default": false})));
    // The response has no other fields than those that were requested.
    let fields = pikachu.as_object().unwrap();
    assert_eq!(fields.len(), expected.as_object().unwrap().len() + 2, "{:?}", fields.keys());
}

#[tokio::test]
async fn past_types_abilities_and_stats_name_the_generation_in_which_they_ended() {
    let house = House::seeded().await;
    let clefairy = get(&house, "clefairy").await;
    assert_eq!(clefairy["past_types"], json!([{"generation": 5, "types": ["normal"]}]));
    let gengar = get(&house, "gengar").await;
    let levitate = json!([{"name": "levitate", "is_hidden": false, "slot": 1}]);
    assert_eq!(gengar["past_abilities"], json!([{"generation": 6, "abilities": levitate}]));
    assert_eq!(gengar["past_stats"], json!([{"generation": 1, "stats": {"special": 130}}]));
    // Magnemite is Electric and Steel today, and was plain Electric in generation I.
    let magnemite = get(&house, "magnemite").await;
    assert_eq!(magnemite["past_types"], json!([{"generation": 1, "types": ["electric"]}]));
    let sprigatito = get(&house, "sprigatito").await;
    for field in ["past_types", "past_abilities", "past_stats"] {
        assert_eq!(sprigatito[field], json!([]), "{field} of a Pokémon that never changed");
    }
}

#[tokio::test]
async fn id_slug_and_capital_letters_lead_to_the_same_pokemon() {
    let house = House::seeded().await;
    let by_id = house.get("/api/v1/pokemon/10033").await;
    for name in ["venusaur-mega", "VENUSAUR-MEGA", "Venusaur-Mega", "%76enusaur-mega"] {
        let by_name = house.get(&format!("/api/v1/pokemon/{name}")).await;
        assert_eq!(by_name.body, by_id.body, "{name}");
        assert_eq!(by_name.header("etag"), by_id.header("etag"), "{name}");
    }
    let mega = by_id.json();
    assert_eq!(mega["display_name"], "Mega Venusaur");
    assert_eq!(mega["is_default"], false);
    assert_eq!((&mega["generation"], &mega["species_id"]), (&json!(6), &json!(3)), "a form of a later game");
}

#[tokio::test]
async fn names_keep_their_accents_and_signs() {
    let house = House::seeded().await;
    for (slug, display_name) in [
        ("flabebe", "Flabébé"),
        ("nidoran-f", "Nidoran♀"),
        ("nidoran-m", "Nidoran♂"),
        ("type-null", "Type: Null"),
        ("farfetchd", "Farfetch’d"),
        ("mr-mime", "Mr. Mime"),
        ("meowth-alola", "Alolan Meowth"),
    ] {
        assert_eq!(get(&house, slug).await["display_name"], display_name, "{slug}");
    }
}

#[tokio::test]
async fn each_of_the_37_species_without_a_pokemon_of_its_name_answers_with_its_default_form() {
    let house = House::seeded().await;
    for (species, pokemon) in
        [("deoxys", "deoxys-normal"), ("giratina", "giratina-altered"), ("mimikyu", "mimikyu-disguised")]
    {
        assert_eq!(get(&house, species).await["name"], pokemon);
    }
    let taken = |name: &str| facts().pokemon.values().any(|pokemon| pokemon.name == name);
    let mut aliases = 0;
    for species in facts().species.values().filter(|species| !taken(&species.name)) {
        let pokemon = get(&house, &species.name).await;
        assert_eq!(pokemon["species"], species.name);
        assert_eq!(pokemon["is_default"], true, "{}", species.name);
        assert_eq!(pokemon, get(&house, &pokemon["id"].to_string()).await, "{}", species.name);
        aliases += 1;
    }
    assert_eq!(aliases, 37);
}

#[tokio::test]
async fn a_missing_picture_has_no_key() {
    let house = House::seeded().await;
    let mut bare = Vec::new();
    for pokemon in facts().pokemon.values().filter(|pokemon| pokemon.sprites.paths().contains(&None)) {
        let sprites = get(&house, &pokemon.name).await["sprites"].clone();
        let sprites = sprites.as_object().expect("an object, whatever there is");
        assert!(sprites.len() < 4 && sprites.values().all(Value::is_string), "{}: {sprites:?}", pokemon.name);
        if sprites.is_empty() {
            bare.push(pokemon.name.as_str());
        }
    }
    for name in ["pikachu-starter", "eevee-starter", "zygarde-mega", "koraidon-gliding-build"] {
        assert!(bare.contains(&name), "{name} has no picture, but {bare:?}");
    }
    assert_eq!(bare.len(), 11);
}

#[tokio::test]
async fn forms_are_included_only_on_request() {
    let house = House::seeded().await;
    assert!(get(&house, "unown").await.get("forms").is_none());
    let forms = get(&house, "unown?include=forms").await["forms"].clone();
    let forms = forms.as_array().unwrap();
    let letters: Vec<_> = forms.iter().map(|form| form["form_name"].as_str().unwrap()).collect();
    let alphabet: Vec<String> = ('a'..='z').map(String::from).collect();
    assert_eq!(letters[..26], alphabet);
    assert_eq!(letters[26..], ["exclamation", "question"]);
    assert_eq!(
        forms[27],
        json!({
            "id": 10027, "name": "unown-question", "form_name": "question", "display_name": "Unown ?",
            "is_default": false, "is_battle_only": false, "is_mega": false, "version_group": "ruby-sapphire",
            "types": ["psychic"],
            "sprites": {
                "front_default": sprite("201-question"), "back_default": sprite("back/201-question"),
                "front_shiny": sprite("shiny/201-question"), "back_shiny": sprite("back/shiny/201-question"),
            },
        })
    );
    assert_eq!(forms.iter().filter(|form| form["is_default"] == true).count(), 1);
    assert_eq!(get(&house, "bulbasaur?include=forms").await["forms"], json!([]), "there is but one");
}

fn sprite(path: &str) -> String {
    format!("https://raw.githubusercontent.com/PokeAPI/sprites/master/sprites/pokemon/{path}.png")
}

#[tokio::test]
async fn pikachus_learnset_is_that_of_the_games() {
    let house = House::seeded().await;
    assert!(get(&house, "pikachu").await.get("learnset").is_none());
    let pikachu = get(&house, "pikachu?include=moves").await;
    assert!(pikachu.get("forms").is_none(), "they were not requested");
    let learnset = pikachu["learnset"].as_array().unwrap();
    let games = |name: &str, method: &str, level: u64| -> Vec<&str> {
        let ways =
            learnset.iter().filter(|entry| entry["move"] == name).flat_map(|entry| entry["ways"].as_array());
        let ways = ways.flatten().filter(|way| way["method"] == method && way["level"] == level);
        ways.flat_map(|way| way["version_groups"].as_array().unwrap()).filter_map(Value::as_str).collect()
    };
    let shock = games("thunder-shock", "level-up", 1);
    for game in ["red-blue", "gold-silver", "sword-shield", "scarlet-violet"] {
        assert!(shock.contains(&game), "{game} in {shock:?}");
    }
    assert!(games("thunderbolt", "machine", 0).contains(&"red-blue"), "TM24");
    assert!(games("thunder", "level-up", 43).contains(&"red-blue"));
    assert!(!games("thunder", "level-up", 43).contains(&"sword-shield"), "at another level there");
    assert!(
        !learnset.iter().any(|entry| ["hydro-pump", "struggle"].map(Value::from).contains(&entry["move"]))
    );
    assert_eq!(learnset.len(), 109, "moves");
}

#[tokio::test]
async fn forms_and_moves_come_together_in_either_order() {
    let house = House::seeded().await;
    let both = get(&house, "unown?include=moves,forms").await;
    assert_eq!(both["learnset"][0]["move"], "hidden-power");
    assert_eq!(both["forms"].as_array().unwrap().len(), 28);
    assert_eq!(both, get(&house, "unown?include=forms,moves").await);
    assert_eq!(both, get(&house, "unown?include=forms,moves,forms").await);
    assert_eq!(get(&house, "unown?include=").await, get(&house, "unown").await);
}

#[tokio::test]
async fn an_unknown_include_is_422_naming_it() {
    let house = House::seeded().await;
    for query in [
        "include=everything",
        "include=moves,everything",
        "include=moves%20forms",
        "include=MOVES",
        "include=moves;forms",
        "include=moves&include=forms",
        "include=&include=",
    ] {
        let answer = house.get(&format!("/api/v1/pokemon/unown?{query}")).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.json());
        assert_eq!(problem(&answer, query)["errors"][0]["field"], "include", "{query}");
    }
}

#[tokio::test]
async fn an_unknown_pokemon_is_404() {
    let house = House::seeded().await;
    for name in ["missingno", "0", "00", "1026", "99999", "4294967321", "pikachus", "25%2B", "%2B25"] {
        let answer = house.get(&format!("/api/v1/pokemon/{name}")).await;
        assert_eq!(answer.status, 404, "{name}: {}", answer.json());
        assert_eq!(problem(&answer, name)["code"], "not_found", "{name}");
    }
}
