//! Documents that are valid separately but contradict each other: two resources with one name.

use adapters::store::{CatalogStore, Found, Meter, Named};
use domain::Name;
use domain::catalog::{StoredPokemon, Type};
use serde_json::{Value, json};
use tests::empty_store;

use super::support::{POKEMON, RESOURCES, pokemon, small, sync, synced};
use crate::stand_in::StandIn;

fn rename(pokeapi: &StandIn, path: &str, name: &str) {
    pokeapi.edit(path, |document| document["name"] = json!(name));
}

async fn id_of(store: &CatalogStore, key: &str) -> Option<u32> {
    let found: Option<(StoredPokemon, _, _)> = pokemon(store, key).await;
    Some(found?.0.pokemon.id)
}

/// Syncs twice: the same resource keeps the name, and the second sync writes nothing.
async fn settled(pokeapi: &StandIn) -> (CatalogStore, Vec<(String, String)>) {
    let store = empty_store().await;
    let (first, published) = sync(&store, pokeapi).await;
    assert_eq!((first.tally.fetched, first.tally.failed), (RESOURCES, 0));
    let reported = published.problems.into_iter().map(|problem| (problem.resource, problem.reason)).collect();
    let (_, again) = sync(&store, pokeapi).await;
    assert_eq!((again.written, again.removed, again.index_written), (0, 0, false));
    (store, reported)
}

#[tokio::test]
async fn of_two_pokemon_with_one_name_the_first_keeps_it() {
    let pokeapi = small().await;
    rename(&pokeapi, "/api/v2/pokemon/2/", "bulbasaur");
    let (store, reported) = settled(&pokeapi).await;
    assert_eq!((id_of(&store, "bulbasaur").await, id_of(&store, "2").await), (Some(1), Some(2)));
    for (id, _) in POKEMON {
        assert_eq!(id_of(&store, &id.to_string()).await, Some(id));
    }
    assert_eq!(reported, [("pokemon/2".to_owned(), "its name bulbasaur is another's".to_owned())]);
}

#[tokio::test]
async fn of_two_default_pokemon_of_one_species_the_first_keeps_the_species_name() {
    let pokeapi = small().await;
    pokeapi.edit("/api/v2/pokemon/10001/", |deoxys| deoxys["is_default"] = json!(true));
    let (store, reported) = settled(&pokeapi).await;
    assert_eq!(
        (id_of(&store, "deoxys").await, id_of(&store, "deoxys-attack").await),
        (Some(386), Some(10001))
    );
    assert_eq!(reported, [], "only one Pokémon represents a species and claims its name");
}

#[tokio::test]
async fn a_name_that_is_another_pokemons_id_leads_to_that_id() {
    let pokeapi = small().await;
    rename(&pokeapi, "/api/v2/pokemon/1/", "29");
    let (store, reported) = settled(&pokeapi).await;
    assert_eq!((id_of(&store, "29").await, id_of(&store, "1").await), (Some(29), Some(1)));
    assert_eq!(reported, [("pokemon/1".to_owned(), "its name 29 is another's".to_owned())]);
    // The name of its species is free now, and leads to it.
    assert_eq!(id_of(&store, "bulbasaur").await, Some(1));
}

#[tokio::test]
async fn a_name_that_is_its_own_id_is_one_key() {
    let pokeapi = small().await;
    rename(&pokeapi, "/api/v2/pokemon/29/", "29");
    let (store, reported) = settled(&pokeapi).await;
    assert_eq!((id_of(&store, "29").await, reported), (Some(29), Vec::new()));
}

#[tokio::test]
async fn of_two_types_with_one_name_the_first_keeps_it() {
    let pokeapi = small().await;
    rename(&pokeapi, "/api/v2/type/10001/", "normal");
    rename(&pokeapi, "/api/v2/ability/181/", "blaze");
    rename(&pokeapi, "/api/v2/move/165/", "tackle");
    let (store, mut reported) = settled(&pokeapi).await;
    let normal = Name::parse("normal").expect("a name");
    let found = store.look_up(&Meter::default(), Named::Type, &normal).await.expect("it is readable");
    let Found::Record(record) = found else { panic!("it is there: {found:?}") };
    let normal: Type = serde_json::from_slice(&record.body).expect("a type");
    assert_eq!(normal.id, 1);
    reported.sort_unstable();
    let reason =
        |kind: &str, id: u32, name: &str| (format!("{kind}/{id}"), format!("its name {name} is another's"));
    assert_eq!(
        reported,
        [reason("ability", 181, "blaze"), reason("move", 165, "tackle"), reason("type", 10001, "normal")]
    );
}

#[tokio::test]
async fn a_name_in_capitals_is_found_in_lower_case() {
    let pokeapi = small().await;
    rename(&pokeapi, "/api/v2/pokemon/1/", "Bulbasaur");
    let store = synced(&pokeapi).await;
    assert_eq!(id_of(&store, "bulbasaur").await, Some(1));
    let (stored, ..) = pokemon(&store, "1").await.expect("it is there");
    assert_eq!(serde_json::to_value(&stored.pokemon.name).expect("JSON"), Value::from("bulbasaur"));
}
