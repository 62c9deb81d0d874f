//! The records of a first sync, compared with the documents of the source.

use adapters::store::{CatalogStore, Found, Meter, Named};
use domain::{
    Name,
    catalog::{Ability, Evolution, EvolutionNode, LearnedMove, Move, StoredForm, Type},
};
use serde_json::{Value, json};

use super::support::{POKEMON, pokemon, small, synced};
use crate::stand_in::StandIn;

const VINE_WHIP: &str = "/api/v2/move/22/";

async fn named(store: &CatalogStore, kind: Named, name: &str) -> Vec<u8> {
    let key = Name::parse(name).expect("a name");
    match store.look_up(&Meter::default(), kind, &key).await.expect("the item is readable") {
        Found::Record(record) => record.body,
        other => panic!("{name}: {other:?}"),
    }
}

fn names(list: &Value, inner: &str) -> Vec<String> {
    let entries = list.as_array().expect("a list").iter();
    let name = |entry: &Value| {
        let link = if inner.is_empty() { entry } else { &entry[inner] };
        link["name"].as_str().expect("a name").to_owned()
    };
    entries.map(name).collect()
}

fn rows(pokeapi: &StandIn, kind: &str, ids: &[u32]) -> Vec<Value> {
    ids.iter().map(|id| pokeapi.document(&format!("/api/v2/{kind}/{id}/"))).collect()
}

#[tokio::test]
async fn a_pokemon_carries_its_species_and_its_pictures() {
    let store = synced(&small().await).await;
    let (stored, ..) = pokemon(&store, "deoxys-attack").await.expect("it is there");
    let past_stats = json!([{ "generation": 1, "stats": { "special": 1 } }]);
    let expected = json!({
        "pokemon": {
            "id": 10001, "pokemon_id": 10001, "name": "deoxys-attack", "display_name": "Attack Deoxys",
            "height": 17, "weight": 608, "base_experience": 270, "types": ["psychic"],
            "abilities": ["pressure"],
            "ability_slots": [{ "name": "pressure", "is_hidden": false, "slot": 1 }],
            "stats": { "hp": 50, "attack": 180, "defense": 20, "special-attack": 180,
                       "special-defense": 20, "speed": 150 },
            "effort": { "hp": 0, "attack": 2, "defense": 0, "special-attack": 1,
                        "special-defense": 0, "speed": 0 },
            "generation": 3, "species_id": 386, "species": "deoxys", "is_default": false,
            "is_baby": false, "is_legendary": false, "is_mythical": true, "gender_rate": -1,
            "capture_rate": 3, "base_happiness": 0, "hatch_counter": 120, "growth_rate": "slow",
            "egg_groups": ["no-eggs"], "color": "red", "shape": "humanoid", "habitat": "rare",
            "has_gender_differences": false, "forms_switchable": true,
            "varieties": [
                { "id": 386, "name": "deoxys-normal", "is_default": true },
                { "id": 10001, "name": "deoxys-attack", "is_default": false },
            ],
            "evolution_chain_id": 202, "evolves_from": null, "past_types": [], "past_abilities": [],
            "past_stats": past_stats,
        },
        "sprites": { "front_default": "pokemon/10001.png", "front_shiny": "pokemon/shiny/10001.png" },
    });
    assert_eq!(serde_json::to_value(&stored).expect("it is JSON"), expected);
    let (espeon, ..) = pokemon(&store, "espeon").await.expect("it is there");
    assert_eq!(espeon.pokemon.evolves_from.as_deref(), Some("eevee"));
    let (flabebe, ..) = pokemon(&store, "flabebe").await.expect("it is there");
    assert_eq!((flabebe.pokemon.display_name.as_str(), flabebe.pokemon.weight), ("Flabébé", Some(0)));
}

#[tokio::test]
async fn every_pokemon_has_the_numbers_of_its_document() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    for (id, name) in POKEMON {
        let document = pokeapi.document(&format!("/api/v2/pokemon/{id}/"));
        let (stored, ..) = pokemon(&store, name).await.expect("it is there");
        let p = serde_json::to_value(&stored.pokemon).expect("it is JSON");
        for field in ["id", "name", "height", "weight", "base_experience", "is_default"] {
            assert_eq!(p[field], document[field], "{name} {field}");
        }
        assert_eq!(p["types"], json!(names(&document["types"], "type")), "{name}");
        assert_eq!(p["abilities"], json!(names(&document["abilities"], "ability")), "{name}");
        for stat in document["stats"].as_array().expect("stats") {
            let which = stat["stat"]["name"].as_str().expect("a name");
            assert_eq!(p["stats"][which], stat["base_stat"], "{name} {which}");
            assert_eq!(p["effort"][which], stat["effort"], "{name} {which}");
        }
    }
}

#[tokio::test]
async fn a_learnset_groups_the_games_that_agree() {
    let (store, meter) = (synced(&small().await).await, Meter::default());
    let learnset = store.learnset(&meter, 3).await.expect("it is readable").expect("it is there");
    let way = |level: u16, order: Option<u16>| json!({ "method": "level-up", "level": level, "order": order, "version_groups": ["red-blue"] });
    let venusaur = json!([
        { "move": "vine-whip", "ways": [way(1, Some(4)), way(13, None)] },
        { "move": "tackle", "ways": [way(1, Some(1))] },
    ]);
    assert_eq!(serde_json::from_slice::<Value>(&learnset.body).expect("JSON"), venusaur);
    let learnset = store.learnset(&meter, 1).await.expect("it is readable").expect("it is there");
    let moves: Vec<LearnedMove> = serde_json::from_slice(&learnset.body).expect("its shape");
    let vine_whip = moves.iter().find(|learned| learned.name == "vine-whip").expect("it learns it");
    let games: Vec<_> = vine_whip.ways.iter().map(|way| (way.level, way.version_groups.len())).collect();
    assert_eq!(games, [(9, 1), (10, 3), (13, 1)]);
    assert_eq!(store.learnset(&meter, 10001).await.expect("it is readable"), None, "Deoxys learns nothing");
}

#[tokio::test]
async fn cosmetic_forms_are_kept_where_there_is_more_than_one() {
    let (store, meter) = (synced(&small().await).await, Meter::default());
    let forms = store.forms(&meter, 201).await.expect("it is readable").expect("Unown has forms");
    let forms: Vec<StoredForm> = serde_json::from_slice(&forms.body).expect("its shape");
    let summaries: Vec<_> =
        forms.iter().map(|f| (f.form.id, f.form.name.as_str(), f.form.is_default)).collect();
    assert_eq!(summaries, [(201, "unown-a", true), (10001, "unown-b", false), (10002, "unown-c", false)]);
    assert_eq!((forms[1].form.display_name.as_str(), forms[1].form.form_name.as_str()), ("Unown B", "b"));
    assert_eq!(forms[1].form.version_group, "gold-silver");
    assert_eq!(forms[1].sprites.front_default.as_deref(), Some("pokemon/201-b.png"));
    assert_eq!(forms[2].sprites.paths(), [None; 4]);
    for id in [1, 386, 10034] {
        assert_eq!(store.forms(&meter, id).await.expect("it is readable"), None, "{id}");
    }
}

/// The conditions of one way to evolve in a document, without nulls; a named resource by its name.
fn conditions(way: &Value) -> Value {
    let known = way.as_object().expect("an object").iter().filter(|(_, value)| !value.is_null());
    let plain = known.map(|(key, value)| (key.clone(), value.get("name").unwrap_or(value).clone()));
    Value::Object(plain.collect())
}

fn assert_node(got: &EvolutionNode, document: &Value) {
    assert_eq!(got.species.name, document["species"]["name"].as_str().expect("a name"));
    let ways: Vec<_> =
        document["evolution_details"].as_array().expect("ways").iter().map(conditions).collect();
    assert_eq!(
        serde_json::to_value(&got.conditions).expect("JSON"),
        Value::Array(ways),
        "{}",
        got.species.name
    );
    let next = document["evolves_to"].as_array().expect("a list");
    assert_eq!(got.evolves_to.len(), next.len(), "{}", got.species.name);
    got.evolves_to.iter().zip(next).for_each(|(got, document)| assert_node(got, document));
}

#[tokio::test]
async fn a_chain_keeps_every_key_that_is_not_null_the_unknown_ones_too() {
    let pokeapi = small().await;
    pokeapi.edit("/api/v2/evolution-chain/67/", |chain| {
        let way = &mut chain["chain"]["evolves_to"][0]["evolution_details"][1];
        way["moon_phase"] = json!({ "name": "waxing", "url": "https://elsewhere.test/moon-phase/2/" });
        way["min_friends"] = json!(0);
        way["min_enemies"] = Value::Null;
    });
    let store = synced(&pokeapi).await;
    for id in [1, 2, 12, 67, 99, 202, 344] {
        let record = store.evolution(&Meter::default(), id).await.expect("it is readable").expect("a chain");
        let evolution: Evolution = serde_json::from_slice(&record.body).expect("its shape");
        assert_eq!(evolution.evolution_chain_id, id);
        assert_node(&evolution.chain, &pokeapi.document(&format!("/api/v2/evolution-chain/{id}/"))["chain"]);
    }
    let record = store.evolution(&Meter::default(), 67).await.expect("it is readable").expect("a chain");
    let eevee: Evolution = serde_json::from_slice(&record.body).expect("its shape");
    let espeon = &eevee.chain.evolves_to[0];
    assert_eq!((espeon.species.id, espeon.species.pokemon_id, espeon.conditions.len()), (196, Some(196), 3));
    let stone = serde_json::to_value(&espeon.conditions[1]).expect("JSON");
    assert_eq!(
        (&stone["moon_phase"], &stone["min_friends"], &stone["item"]),
        (&json!("waxing"), &json!(0), &json!("sun-stone"))
    );
    let keys: Vec<_> = espeon.conditions[1].keys().map(String::as_str).collect();
    assert!(!keys.contains(&"min_enemies") && !keys.contains(&"held_item"), "{keys:?}");
    let trade = serde_json::to_value(&espeon.conditions[2]).expect("JSON");
    assert_eq!((&trade["relative_physical_stats"], &trade["near_special_rock"]), (&json!(0), &json!(false)));
}

#[tokio::test]
async fn types_abilities_and_moves_name_their_holders() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    for document in rows(&pokeapi, "type", &[1, 3, 4, 10, 12, 14, 16, 18, 10001]) {
        let name = document["name"].as_str().expect("a name");
        let t: Type = serde_json::from_slice(&named(&store, Named::Type, name).await).expect("its shape");
        let holders: Vec<_> = t.pokemon.iter().map(|p| p.name.clone()).collect();
        assert_eq!(holders, names(&document["pokemon"], "pokemon"), "{name}");
        assert_eq!(t.moves, names(&document["moves"], ""), "{name}");
        let weak = names(&document["damage_relations"]["double_damage_from"], "");
        assert_eq!(t.damage_relations.double_damage_from, weak, "{name}");
    }
    for document in rows(&pokeapi, "ability", &[26, 28, 34, 38, 46, 50, 56, 65, 66, 166, 181]) {
        let name = document["name"].as_str().expect("a name");
        let ability: Ability =
            serde_json::from_slice(&named(&store, Named::Ability, name).await).expect("its shape");
        let holders: Vec<_> = ability.pokemon.iter().map(|p| p.name.clone()).collect();
        assert_eq!(holders, names(&document["pokemon"], "pokemon"), "{name}");
    }
    for id in [10, 19, 22, 33, 45, 52, 94, 98, 129, 165, 237, 337, 585] {
        let document = pokeapi.document(&format!("/api/v2/move/{id}/"));
        let name = document["name"].as_str().expect("a name");
        let m: Move = serde_json::from_slice(&named(&store, Named::Move, name).await).expect("its shape");
        assert_eq!(m.learned_by, names(&document["learned_by_pokemon"], ""), "{name}");
        let numbers = json!([m.power, m.pp, m.accuracy, m.effect_chance, m.priority]);
        let of =
            ["power", "pp", "accuracy", "effect_chance", "priority"].map(|field| document[field].clone());
        assert_eq!(numbers, json!(of), "{name}");
    }
}

#[tokio::test]
async fn a_move_keeps_the_known_fields_of_its_meta() {
    let pokeapi = small().await;
    pokeapi.edit(VINE_WHIP, |vine_whip| vine_whip["meta"]["min_wind"] = json!(7));
    let store = synced(&pokeapi).await;
    let vine_whip: Move =
        serde_json::from_slice(&named(&store, Named::Move, "vine-whip").await).expect("its shape");
    let meta = pokeapi.document(VINE_WHIP)["meta"].clone();
    assert_eq!(serde_json::to_value(&vine_whip.meta).expect("JSON"), conditions(&meta));
    assert_eq!(vine_whip.meta["min_wind"], 7);
    let moonblast: Move =
        serde_json::from_slice(&named(&store, Named::Move, "moonblast").await).expect("its shape");
    assert!(moonblast.meta.is_empty());
}
