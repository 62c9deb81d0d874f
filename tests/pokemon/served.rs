//! Counts, names and references agree with what is served: after a rejected document, after hiding, and with nulls at the
//! source.

use adapters::store::{Found, Meter, Named};
use domain::{Name, catalog::Evolution, dex::Dex};
use serde_json::{Value, json};
use tests::{Answer, House, empty_store, problem};

use crate::{
    stand_in::Fault,
    sync::support::{pokemon, small, sync},
    workshop::Workshop,
};

const LIST: &str = "/api/v1/pokemon";

async fn get(house: &House, path: &str) -> Value {
    let answer = house.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.json());
    answer.json()
}

/// The number of species and the least and greatest id of generation 3, which introduced Deoxys alone.
async fn third(house: &House) -> [Value; 3] {
    let answer = get(house, "/api/v1/pokemon/generations").await;
    let third = answer["generations"].as_array().expect("generations").iter().find(|g| g["generation"] == 3);
    ["pokemon_count", "start_id", "end_id"].map(|field| third.expect("generation 3")[field].clone())
}

async fn assert_counts_agree(house: &House) {
    let generations = get(house, "/api/v1/pokemon/generations").await;
    let list = get(house, LIST).await;
    assert_eq!(generations["total_pokemon"], list["pagination"]["total"], "one row for each species");
}

#[tokio::test]
async fn hiding_a_default_leaves_its_species_to_the_next_pokemon() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    assert_counts_agree(&house).await;
    assert_eq!(workshop.hide(&house, "deoxys-normal").await.status, 200);
    assert_eq!(third(&house).await, [json!(1), json!(386), json!(386)]);
    assert_counts_agree(&house).await;
    let attack = get(&house, &format!("{LIST}/deoxys")).await;
    assert_eq!((&attack["id"], &attack["is_default"]), (&json!(10001), &json!(true)));
    assert_eq!(attack["display_name"], "Attack Deoxys");
    assert_eq!(attack["varieties"], json!([{"id": 10001, "name": "deoxys-attack", "is_default": true}]));
    assert_eq!(house.get(&format!("{LIST}?search=deoxys")).await.names(), ["deoxys-attack"]);
    let tree = get(&house, &format!("{LIST}/deoxys-attack/evolutions")).await;
    assert_eq!(tree["chain"]["species"]["pokemon_id"], 10001);

    // A request that is sent twice must not hide two.
    for change in [workshop.hide(&house, "deoxys").await, workshop.put(&house, "deoxys", &json!({})).await] {
        assert_eq!(change.status, 404, "a species' name is nothing to change by");
    }
    assert_eq!(workshop.hide(&house, "deoxys-attack").await.status, 200);
    assert_eq!(third(&house).await, [json!(0), Value::Null, Value::Null]);
    assert_counts_agree(&house).await;

    assert_eq!(workshop.fetch(&house, 386).await.json()["is_default"], true);
    assert_eq!(third(&house).await, [json!(1), json!(386), json!(386)]);
}

#[tokio::test]
async fn a_refused_pokemon_is_in_no_count_and_no_reference() {
    let (source, store, meter) = (small().await, empty_store().await, Meter::default());
    // The rejected Pokémon are Deoxys' default and Flabébé, which is alone in its species.
    for id in [386, 669] {
        source.edit(&format!("/api/v2/pokemon/{id}/"), |document| document["forms"] = json!([]));
    }
    let (finished, _) = sync(&store, &source).await;
    assert_eq!(finished.tally.failed, 2);
    let (attack, ..) = pokemon(&store, "deoxys").await.expect("the next Pokémon of the species");
    assert!(attack.pokemon.id == 10001 && attack.pokemon.is_default);
    assert!(pokemon(&store, "flabebe").await.is_none());
    let record = store.evolution(&meter, 202).await.expect("it is readable").expect("Deoxys' chain");
    let tree: Evolution = serde_json::from_slice(&record.body).expect("its shape");
    assert_eq!(tree.chain.species.pokemon_id, Some(10001));
    assert_eq!(store.evolution(&meter, 344).await.expect("it is readable"), None, "nobody is in it");
    let fairy = Name::parse("fairy").expect("a name");
    let Found::Record(fairy) = store.look_up(&meter, Named::Type, &fairy).await.expect("it is readable")
    else {
        panic!("no type is called fairy")
    };
    assert!(!String::from_utf8_lossy(&fairy.body).contains("flabebe"));
    let pointer = store.index_pointer(&meter).await.expect("it is readable").expect("a pointer");
    let bytes = store.index(&meter, &pointer.version, 0).await.expect("an index");
    let dex = Dex::load(&bytes, &pointer.version, "").expect("a dex");
    let generations = dex.generations().expect("they are readable").generations;
    let counts: Vec<_> = generations.iter().map(|g| (g.generation, g.pokemon_count)).collect();
    assert_eq!(counts, [(1, 8), (2, 2), (3, 1), (6, 1)]);
    let defaults = dex.counts().1;
    assert_eq!(defaults, counts.iter().map(|(_, species)| *species as usize).sum::<usize>());
}

fn assert_refused(answer: &Answer, resource: &str, field: Option<&str>) {
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (502, None), "{resource}");
    let problem = problem(answer, resource);
    assert_eq!(problem["code"], "pokeapi_invalid_document", "{resource}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(resource)), "{problem}");
    assert_eq!(problem["errors"][0]["field"].as_str(), field, "{problem}");
}

#[tokio::test]
async fn a_document_that_is_refused_is_502_and_names_its_resource_and_field() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    type Breakage = (&'static str, &'static str, fn(&mut Value));
    let breakages: [Breakage; 5] = [
        ("pokemon/1", "weight", |document| document["weight"] = json!("heavy")),
        ("pokemon/1", "past_types[0].generation", |document| document["past_types"] = json!([{}])),
        ("pokemon-species/1", "gender_rate", |document| document["gender_rate"] = json!(9)),
        ("pokemon-form/1", "types", |document| document["types"] = json!([])),
        ("evolution-chain/1", "chain", |document| document["chain"] = Value::Null),
    ];
    for (resource, field, breakage) in breakages {
        let path = format!("/api/v2/{resource}/");
        let sound = workshop.source.document(&path);
        workshop.source.edit(&path, breakage);
        assert_refused(&workshop.fetch(&house, 1).await, resource, Some(field));
        assert_refused(&workshop.put(&house, "1", &json!({})).await, resource, Some(field));
        workshop.source.edit(&path, |document| *document = sound.clone());
    }
    // A document that refers to a missing resource is an equally permanent error.
    workshop.source.always("/api/v2/pokemon-species/1/", Fault::Status(404));
    assert_refused(&workshop.fetch(&house, 1).await, "pokemon-species/1", None);
    // An outage is temporary.
    for status in [500, 503] {
        workshop.source.always("/api/v2/pokemon-species/1/", Fault::Status(status));
        let down = workshop.fetch(&house, 1).await;
        assert_eq!((down.status.as_u16(), down.header("retry-after")), (503, Some("60")), "{status}");
        assert_eq!(problem(&down, "down")["code"], "pokeapi_unavailable", "{status}");
    }
    workshop.source.behave();
    assert_eq!(workshop.fetch(&house, 1).await.status, 200);
}

#[tokio::test]
async fn a_new_pokemon_with_nulls_is_served_with_nulls_and_reported() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    workshop.source.edit("/api/v2/pokemon/700/", |document| {
        document["height"] = Value::Null;
        document["weight"] = Value::Null;
    });
    workshop.source.edit("/api/v2/pokemon-species/700/", |document| document["gender_rate"] = Value::Null);
    let fetched = workshop.fetch(&house, 700).await;
    assert_eq!(fetched.status, 200, "{}", fetched.json());
    for body in [fetched.json(), get(&house, &format!("{LIST}/sylveon")).await] {
        for field in ["height", "weight", "gender_rate"] {
            assert_eq!(body[field], Value::Null, "{field}");
        }
    }
    let (total, mut lasts) = (get(&house, LIST).await["pagination"]["total"].clone(), Vec::new());
    for sort in ["height", "height_desc", "weight", "weight_desc"] {
        lasts.push(house.get(&format!("{LIST}?sort={sort}&per_page=100")).await.names().pop());
    }
    assert_eq!(lasts, vec![Some("sylveon".to_owned()); 4], "unknown comes last of {total} in both orders");
    let (finished, published) = sync(&workshop.store(), &workshop.source).await;
    let reported: Vec<_> = published.gaps.iter().map(|p| format!("{} {}", p.resource, p.reason)).collect();
    assert_eq!((finished.failures.len(), finished.incomplete, finished.gaps), (0, 0, 3));
    assert_eq!(
        reported,
        [
            "pokemon/700 its height is not known",
            "pokemon/700 its weight is not known",
            "pokemon-species/700 its gender_rate is not known"
        ]
    );
    // An administrator's value replaces a null; the other fields stay as they are.
    let edited = workshop.put(&house, "700", &json!({"height": 10})).await.json();
    assert_eq!((&edited["height"], &edited["weight"]), (&json!(10), &Value::Null));
}

#[tokio::test]
async fn the_evolutions_of_a_pokemon_without_a_chain_are_one_node() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    workshop
        .source
        .edit("/api/v2/pokemon-species/386/", |document| document["evolution_chain"] = Value::Null);
    assert_eq!(workshop.put(&house, "10001", &json!({})).await.json()["evolution_chain_id"], Value::Null);
    for (key, id, name) in [("deoxys", 386, "deoxys-normal"), ("deoxys-attack", 10001, "deoxys-attack")] {
        let tree = get(&house, &format!("{LIST}/{key}/evolutions")).await;
        let species = json!({"id": 386, "name": "deoxys", "display_name": "Deoxys", "pokemon_id": 386});
        let node = json!({"species": species, "is_baby": false, "conditions": [], "evolves_to": []});
        let expected = json!({
            "pokemon_id": id, "name": name, "species_id": 386, "evolution_chain_id": null,
            "baby_trigger_item": null, "chain": node,
        });
        assert_eq!(tree, expected);
    }
    let unknown = house.get(&format!("{LIST}/missingno/evolutions")).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn markup_in_a_display_name_is_refused() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    for name in ["<script>alert(1)</script>", "Frog</b>", "Frog &lt;3", "&#x3C;img", "Frog &ltb", "&#60b"] {
        let refused = workshop.put(&house, "1", &json!({"display_name": name})).await;
        assert_eq!(refused.status, 422, "{name}");
        assert_eq!(problem(&refused, name)["errors"][0]["field"], "display_name", "{name}");
    }
    let plain = workshop.put(&house, "1", &json!({"display_name": "Frog & Bulb"})).await;
    assert_eq!((plain.status.as_u16(), &plain.json()["display_name"]), (200, &json!("Frog & Bulb")));
}
