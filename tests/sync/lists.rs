//! Lists that repeat rows, contradict themselves or cannot be fetched. A run ends without such a list, because its resources would look
//! removed.

use adapters::{store::CatalogStore, sync::SyncError};
use domain::facts::Kind;
use serde_json::json;
use tests::empty_store;

use super::{
    catalogue::{assert_same, catalogue, items, undisturbed_catalogue},
    support::{RESOURCES, config, pokemon, small, state, summaries, sync, synced, tapped, try_sync, writes},
};
use crate::stand_in::{Fault, StandIn};

const LIST: &str = "/api/v2/pokemon/";

/// Runs a sync with `fault` on its list of Pokémon; returns the error's text.
async fn refused(pokeapi: &StandIn, store: &CatalogStore, fault: Fault) -> String {
    let before = catalogue(store).await;
    pokeapi.always(LIST, fault);
    pokeapi.reset_log();
    let (tapped, tap) = tapped(store).await;
    let error = try_sync(&tapped, pokeapi).await.expect_err("the list cannot be had");
    assert!(matches!(&error, SyncError::List("pokemon", _)), "{error:?}");
    let written = writes(&tap.take());
    assert_eq!(written.keys().collect::<Vec<_>>(), ["update SYNC/STATE"], "{written:?}");
    assert_same(&catalogue(store).await, &before, "nothing is removed");
    let state = items(store).await["SYNC/STATE"].to_string();
    assert!(!state.contains("lease"), "it is given back: {state}");
    assert!(pokeapi.requests().iter().all(|seen| seen.path.contains("?limit=")), "no resource was asked for");

    pokeapi.behave();
    error.to_string()
}

async fn under(fault: Fault) -> String {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let reported = refused(&pokeapi, &store, fault).await;
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!(finished.tally.unchanged, RESOURCES, "the next run is normal");
    reported
}

#[tokio::test]
async fn a_list_that_cannot_be_fetched_ends_the_run_and_removes_nothing() {
    let reported = under(Fault::Status(500)).await;
    assert_eq!(reported, "PokeAPI's list of pokemon answered 500 Internal Server Error");
    assert_eq!(under(Fault::Status(404)).await, "PokeAPI's list of pokemon answered 404 Not Found");
    let reported = under(Fault::NotJson).await;
    assert_eq!(reported, "PokeAPI's list of pokemon is not JSON: expected value at line 1 column 1");
    assert!(under(Fault::CutBody).await.starts_with("PokeAPI's list of pokemon did not answer: "));
    assert!(under(Fault::DropConnection).await.starts_with("PokeAPI's list of pokemon did not answer: "));
    let reported = under(Fault::Redirect("http://elsewhere.test/".to_owned())).await;
    assert_eq!(
        reported,
        "PokeAPI's list of pokemon redirects to http://elsewhere.test/, which is not followed"
    );
}

#[tokio::test]
async fn a_list_of_another_shape_ends_the_run() {
    let reported = under(Fault::Body(json!({ "count": 1 }))).await;
    assert!(
        reported.starts_with("PokeAPI's list of pokemon is not valid: the document: missing field"),
        "{reported}"
    );
    let reported = under(Fault::Body(json!({ "count": "many", "results": [] }))).await;
    assert!(
        reported.starts_with("PokeAPI's list of pokemon is not valid: the document: invalid type"),
        "{reported}"
    );
    let reported = under(Fault::Body(json!([]))).await;
    assert!(reported.starts_with("PokeAPI's list of pokemon is not "), "{reported}");
}

#[tokio::test]
async fn a_list_shorter_than_its_count_ends_the_run() {
    let row = json!({ "name": "bulbasaur", "url": "/api/v2/pokemon/1/" });
    let reported = under(Fault::Body(json!({ "count": 15, "results": [row] }))).await;
    assert_eq!(reported, "PokeAPI's list of pokemon is not valid: results: 1 of 15 rows");
}

#[tokio::test]
async fn a_row_without_an_id_ends_the_run() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    for url in [
        "",
        "/api/v2/pokemon/bulbasaur/",
        "/api/v2/pokemon/0/",
        "/api/v2/pokemon/-1/",
        "/pokemon/99999999999/",
    ] {
        let row = json!({ "name": "bulbasaur", "url": url });
        let rows = Fault::Body(json!({ "count": 1, "results": [row] }));
        let reported = refused(&pokeapi, &store, rows).await;
        assert_eq!(reported, format!("PokeAPI's list of pokemon is not valid: url: {url:?} ends in no id"));
    }
}

#[tokio::test]
async fn a_first_sync_that_fails_stores_nothing() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.always("/api/v2/evolution-chain/", Fault::Status(500));
    let error = try_sync(&store, &pokeapi).await.expect_err("the list cannot be had");
    assert_eq!(error.to_string(), "PokeAPI's list of evolution-chain answered 500 Internal Server Error");
    assert_eq!(items(&store).await.into_keys().collect::<Vec<_>>(), ["SYNC/STATE"]);
    assert_eq!(state(&store).await.running, None);
}

#[tokio::test]
async fn a_list_fetched_at_the_third_try_is_used() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.script(LIST, vec![Fault::Status(502), Fault::NotJson]);
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.fetched, finished.tally.failed), (RESOURCES, 0));
    assert_eq!(pokeapi.count(LIST), 3);
}

#[tokio::test]
async fn duplicates_in_a_list_are_counted_and_requested_once() {
    let pokeapi = small().await;
    let expected = undisturbed_catalogue().await;
    pokeapi.reset_log();
    let bulbasaur = json!({ "name": "bulbasaur", "url": format!("{}/pokemon/1/", pokeapi.base_url()) });
    pokeapi.add_to_list("pokemon", bulbasaur.clone());
    pokeapi.add_to_list("pokemon", bulbasaur);
    pokeapi.add_to_list("move", json!({ "name": "scratch", "url": "https://elsewhere.test/api/v2/move/10" }));
    let store = empty_store().await;
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!((finished.repeated, finished.tally.fetched, finished.tally.failed), (3, RESOURCES, 0));
    assert_eq!((pokeapi.count("/api/v2/pokemon/1/"), pokeapi.count("/api/v2/move/10/")), (1, 1));
    assert_same(&catalogue(&store).await, expected, "as if listed once");
}

#[tokio::test]
async fn a_row_whose_resource_does_not_exist_is_a_failure_of_that_resource() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.add_to_list("pokemon", json!({ "name": "missingno", "url": "/api/v2/pokemon/152/" }));
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!(summaries(&finished.failures), [(Kind::Pokemon, 152, "answered 404 Not Found", false)]);
    assert_eq!(finished.tally.fetched, RESOURCES);
    assert!(pokemon(&store, "sylveon").await.is_some());
}

#[tokio::test]
async fn an_invalid_address_is_refused_before_any_request() {
    let pokeapi = small().await;
    for base in ["", "pokeapi.co", "ftp://pokeapi.co/api/v2", "file:///etc"] {
        let mut config = config(&pokeapi);
        config.base_url = base.to_owned();
        let error = adapters::pokeapi::PokeApi::new(config).expect_err("no address");
        assert_eq!(error.to_string(), format!("the address {base:?} is not usable"));
    }
}
