//! Improbable changes at the source: nothing is published until the source corrects itself or an administrator approves them.

use std::collections::BTreeMap;

use adapters::{
    store::{CatalogStore, Key, Meter},
    sync::{self as syncing, Finished, Held, Order, Outcome, Scope, Settings, Source},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::facts::Kind;
use serde_json::{Value, json};
use tests::put_raw;

use super::{
    catalogue::{assert_same, catalogue},
    support::{
        POKEMON, RESOURCES, client, config, finished, is_current, ledger, pokemon, run, small, state,
        summaries, sync, synced,
    },
};
use crate::stand_in::{Fault, StandIn};

const BULBASAUR: &str = "/api/v2/pokemon/1/";
const IVYSAUR: &str = "/api/v2/pokemon/2/";

fn attacks(pokeapi: &StandIn, path: &str, value: u32) {
    pokeapi.edit(path, |document| {
        let stats = document["stats"].as_array_mut().expect("stats");
        let attack = stats.iter_mut().find(|stat| stat["stat"]["name"] == "attack").expect("attack");
        attack["base_stat"] = json!(value);
    });
}

fn weighs(pokeapi: &StandIn, path: &str, value: u32) {
    pokeapi.edit(path, |document| document["weight"] = json!(value));
}

/// A name, the kind of the changed resource, the change, and the reason to doubt it.
type Case = (&'static str, Kind, fn(&StandIn), &'static str);

fn without_default(document: &mut Value) {
    let varieties = document["varieties"].as_array_mut().expect("varieties");
    varieties.iter_mut().for_each(|variety| variety["is_default"] = json!(false));
}

async fn held(store: &CatalogStore) -> Held {
    state(store).await.held.expect("a publication is held")
}

async fn run_over(store: &CatalogStore, pokeapi: &StandIn, scope: Scope) -> Outcome {
    let settings = Settings { scope, ..Settings::new("test") };
    run(store, &client(config(pokeapi)), &settings).await.expect("the run ends well")
}

async fn approve(store: &CatalogStore, pokeapi: &StandIn, publication: &str) -> Finished {
    let scope = Scope::Approved { publication: publication.to_owned() };
    finished(Ok(run_over(store, pokeapi, scope).await)).0
}

/// The catalogue without the facts.
async fn published(store: &CatalogStore) -> BTreeMap<String, Value> {
    let mut all = catalogue(store).await;
    all.retain(|key, _| !key.starts_with("FACTS/"));
    all
}

async fn attack(store: &CatalogStore, name: &str) -> u16 {
    pokemon(store, name).await.expect("it is published").0.pokemon.stats.attack
}

#[tokio::test]
async fn an_improbable_fact_stops_the_publication_and_the_catalogue_stays() {
    let cases: [Case; 4] = [
        (
            "a stat of 9,999",
            Kind::Pokemon,
            |pokeapi| attacks(pokeapi, BULBASAUR, 9_999),
            "pokemon/1 is improbable: stats: attack 9999 is not between 1 and 255",
        ),
        (
            "a stat of 0",
            Kind::Pokemon,
            |pokeapi| attacks(pokeapi, BULBASAUR, 0),
            "pokemon/1 is improbable: stats: attack 0 is not between 1 and 255",
        ),
        (
            "no type",
            Kind::Pokemon,
            |pokeapi| pokeapi.edit(BULBASAUR, |document| document["types"] = json!([])),
            "pokemon/1 is improbable: types: is empty",
        ),
        (
            "no default variety",
            Kind::PokemonSpecies,
            |pokeapi| pokeapi.edit("/api/v2/pokemon-species/1/", without_default),
            "pokemon-species/1 is improbable: varieties: has no default",
        ),
    ];
    for (what, kind, spoil, reason) in cases {
        let pokeapi = small().await;
        let store = synced(&pokeapi).await;
        let before = catalogue(&store).await;
        spoil(&pokeapi);
        let (finished, published) = sync(&store, &pokeapi).await;
        assert_eq!((finished.tally.failed, published.written), (0, 0), "{what}");
        assert_eq!(finished.doubts, [reason], "{what}");
        assert!(!finished.is_good(), "{what}");
        let held = held(&store).await;
        assert_eq!(finished.held.as_ref(), Some(&held.publication), "{what}");
        assert_eq!((held.changes[0].kind, held.changes[0].id), (kind, 1), "{what}");
        assert_same(&catalogue(&store).await, &before, what);
    }
}

#[tokio::test]
async fn the_other_changes_of_the_run_wait_for_the_approval_too() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    weighs(&pokeapi, IVYSAUR, 9);
    attacks(&pokeapi, BULBASAUR, 9_999);
    sync(&store, &pokeapi).await;
    let weight = async || pokemon(&store, "ivysaur").await.expect("it is published").0.pokemon.weight;
    assert_ne!(weight().await, Some(9));

    let publication = held(&store).await.publication;
    pokeapi.reset_log();
    let finished = approve(&store, &pokeapi, &publication).await;
    assert_eq!((finished.tally.fetched, finished.tally.changed, finished.doubts.len()), (1, 1, 0));
    assert_eq!(pokeapi.requests().len(), 9 + 1, "the lists, and what was held");
    assert_eq!((attack(&store, "bulbasaur").await, weight().await), (9_999, Some(9)));
    let state = state(&store).await;
    assert_eq!(state.held, None);
    assert!(state.last.expect("a run has ended").is_good());
    assert_same(&catalogue(&store).await, &catalogue_of(&pokeapi).await, "as the source has it");

    // An approved change stays approved.
    let (finished, published) = sync(&store, &pokeapi).await;
    assert_eq!((finished.doubts.len(), published.written), (0, 0));
}

/// The catalogue of a source whose improbable changes were all approved.
async fn catalogue_of(pokeapi: &StandIn) -> BTreeMap<String, Value> {
    let store = tests::empty_store().await;
    sync(&store, pokeapi).await;
    let publication = held(&store).await.publication;
    approve(&store, pokeapi, &publication).await;
    catalogue(&store).await
}

#[tokio::test]
async fn an_approval_covers_exactly_what_was_held() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let before = attack(&store, "bulbasaur").await;
    attacks(&pokeapi, BULBASAUR, 9_999);
    sync(&store, &pokeapi).await;
    let publication = held(&store).await.publication;

    // The source changes between the run and the approval.
    attacks(&pokeapi, BULBASAUR, 9_998);
    let finished = approve(&store, &pokeapi, &publication).await;
    assert_eq!(finished.doubts, ["pokemon/1 is improbable: stats: attack 9998 is not between 1 and 255"]);
    let later = held(&store).await.publication;
    assert_ne!(later, publication);
    assert_eq!(attack(&store, "bulbasaur").await, before);
    let scope = Scope::Approved { publication };
    assert!(matches!(run_over(&store, &pokeapi, scope).await, Outcome::Superseded));
    approve(&store, &pokeapi, &later).await;
    assert_eq!(attack(&store, "bulbasaur").await, 9_998);
}

#[tokio::test]
async fn a_source_that_corrects_itself_needs_no_approval() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let expected = catalogue(&store).await;
    attacks(&pokeapi, BULBASAUR, 9_999);
    sync(&store, &pokeapi).await;
    let since = held(&store).await.since;
    sync(&store, &pokeapi).await;
    assert_eq!(held(&store).await.since, since, "it is held since it was found");
    attacks(&pokeapi, BULBASAUR, 49);
    let (finished, _) = sync(&store, &pokeapi).await;
    assert!(finished.is_good());
    assert_eq!(state(&store).await.held, None);
    assert_same(&catalogue(&store).await, &expected, "nothing has changed");
}

#[tokio::test]
async fn an_approved_removal_is_carried_out() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let gone = [1, 2, 4, 5, 6, 10001, 10034, 196];
    let left: Vec<Value> = (POKEMON.iter())
        .filter(|(id, _)| !gone.contains(id))
        .map(|(id, _)| json!({ "url": format!("/api/v2/pokemon/{id}/") }))
        .collect();
    let count = left.len();
    pokeapi.always("/api/v2/pokemon/", Fault::Body(json!({ "count": count, "results": left })));
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!(finished.doubts, ["the source no longer lists 8 of 15 of pokemon"]);
    assert!(pokemon(&store, "bulbasaur").await.is_some());

    let publication = held(&store).await.publication;
    let finished = approve(&store, &pokeapi, &publication).await;
    assert_eq!(finished.doubts, Vec::<String>::new());
    assert!(!is_current(&store, "bulbasaur").await);
    assert!(is_current(&store, "venusaur").await);
}

#[tokio::test]
async fn records_that_depend_on_a_missing_resource_vanish_only_with_an_approval() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let before = published(&store).await;
    // A half of its kind is not suspicious, and the forms of most Pokémon refer to it.
    let facts = ledger(&store).await.facts;
    let lost = ["red-green-japan", "gold-silver", "x-y"];
    for group in facts.version_groups.values().filter(|group| lost.contains(&group.name.as_str())) {
        pokeapi.remove("version-group", group.id);
    }
    let (finished, changes) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.failed, changes.written, changes.removed), (0, 0, 0));
    let waiting = held(&store).await;
    assert!(finished.doubts[0].starts_with("the publication would remove "), "{:?}", finished.doubts);
    assert_same(&published(&store).await, &before, "the index has all Pokémon too");

    let finished = approve(&store, &pokeapi, &waiting.publication).await;
    assert_eq!(finished.doubts, Vec::<String>::new());
    assert!(published(&store).await.len() < before.len());
}

#[tokio::test]
async fn a_type_that_pokemon_still_have_is_kept() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let before = catalogue(&store).await;
    pokeapi.remove("type", 10);
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!(finished.doubts, ["the source no longer lists the type fire, which 4 Pokémon have"]);
    assert_same(&catalogue(&store).await, &before, "nothing is published");
}

#[tokio::test]
async fn an_administrators_change_is_published_while_a_publication_is_held() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    attacks(&pokeapi, BULBASAUR, 9_999);
    sync(&store, &pokeapi).await;
    let before = attack(&store, "bulbasaur").await;
    let (api, meter) = (client(config(&pokeapi)), Meter::default());
    let amended = syncing::amend(&store, &meter, &api, "another", Order::Publish).await.expect("no error");
    assert_eq!(amended, syncing::Amended::Published { source: Source::NotAsked });
    assert_eq!(attack(&store, "bulbasaur").await, before);
    // A fetch of that very Pokémon is refused with the field.
    let order = Order::Fetch { pokemon: 1 };
    let amended = syncing::amend(&store, &meter, &api, "another", order).await.expect("no error");
    let syncing::Amended::Published { source: Source::Refused { resource, field, .. } } = amended else {
        panic!("{amended:?}")
    };
    assert_eq!((resource.as_str(), field.as_deref()), ("pokemon/1", Some("stats")));
    assert_eq!(attack(&store, "bulbasaur").await, before);
    assert!(state(&store).await.held.is_some());
}

#[tokio::test]
async fn a_run_over_the_skipped_resources_asks_for_nothing_else() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    weighs(&pokeapi, BULBASAUR, 70);
    weighs(&pokeapi, IVYSAUR, 9);
    pokeapi.always(BULBASAUR, Fault::Status(404));
    pokeapi.always(IVYSAUR, Fault::Status(500));
    sync(&store, &pokeapi).await;
    let before = state(&store).await.last.expect("a run has ended");
    assert_eq!(before.tally.failed, 2);

    pokeapi.behave();
    pokeapi.always(IVYSAUR, Fault::Status(503));
    pokeapi.reset_log();
    let finished = finished(Ok(run_over(&store, &pokeapi, Scope::Skipped).await)).0;
    assert_eq!((finished.tally.fetched, finished.tally.failed, finished.total), (1, 1, RESOURCES));
    assert_eq!(pokeapi.count("/api/v2/pokemon/4/"), 0);
    let after = state(&store).await;
    let last = after.last.expect("a run has ended");
    assert_eq!(summaries(&last.failures), [(Kind::Pokemon, 2, "answered 503 Service Unavailable", true)]);
    assert_eq!((last.tally.failed, last.total, last.finished_at), (1, before.total, before.finished_at));
    assert_eq!(pokemon(&store, "bulbasaur").await.expect("it is published").0.pokemon.weight, Some(70));
    let scopes: Vec<Scope> = after.recent.into_iter().map(|ended| ended.scope).collect();
    assert_eq!(scopes, [Scope::Skipped, Scope::Everything, Scope::Everything]);
}

#[tokio::test]
async fn the_error_that_ends_a_run_is_recorded_until_a_run_ends_well() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    pokeapi.always("/api/v2/move/", Fault::Status(404));
    run(&store, &client(config(&pokeapi)), &Settings::new("test")).await.expect_err("a list is missing");
    let error = state(&store).await.error.expect("it is recorded");
    assert_eq!(error.reason, "PokeAPI's list of move answered 404 Not Found");
    pokeapi.behave();
    sync(&store, &pokeapi).await;
    assert_eq!(state(&store).await.error, None);
}

#[tokio::test]
async fn a_held_change_that_cannot_be_fetched_again_stays_held() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    attacks(&pokeapi, BULBASAUR, 9_999);
    sync(&store, &pokeapi).await;
    let before = held(&store).await;
    pokeapi.always(BULBASAUR, Fault::Status(404));
    let (finished, published) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.failed, finished.doubts.len(), published.written), (1, 1, 0));
    assert_eq!(held(&store).await, before);
}

#[tokio::test]
async fn a_removal_is_carried_out_with_the_rest_of_its_publication_or_not_at_all() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let left: Vec<Value> = [1, 2, 3].map(|id| json!({ "url": format!("/api/v2/pokemon/{id}/") })).into();
    pokeapi.always("/api/v2/pokemon/", Fault::Body(json!({ "count": 3, "results": left })));
    attacks(&pokeapi, BULBASAUR, 9_999);
    sync(&store, &pokeapi).await;
    let publication = held(&store).await.publication;
    attacks(&pokeapi, BULBASAUR, 9_998);
    let finished = approve(&store, &pokeapi, &publication).await;
    assert_eq!(finished.doubts.len(), 2, "{:?}", finished.doubts);
    assert!(pokemon(&store, "eevee").await.is_some());
    let publication = held(&store).await.publication;
    let finished = approve(&store, &pokeapi, &publication).await;
    assert_eq!(finished.doubts, Vec::<String>::new());
    assert!(!is_current(&store, "eevee").await);
    assert_eq!(attack(&store, "bulbasaur").await, 9_998);
}

#[tokio::test]
async fn a_run_over_skipped_resources_ends_although_all_of_them_fail_again() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let all = POKEMON.map(|(id, _)| format!("/api/v2/pokemon/{id}/"));
    all.iter().for_each(|path| pokeapi.always(path, Fault::Status(404)));
    sync(&store, &pokeapi).await;
    all.iter().for_each(|path| pokeapi.always(path, Fault::Status(500)));
    let finished = finished(Ok(run_over(&store, &pokeapi, Scope::Skipped).await)).0;
    // It gives up after ten in a row; the others keep their former reason.
    assert_eq!(finished.tally.failed, 10);
    let last = state(&store).await.last.expect("a run has ended");
    assert_eq!((last.tally.failed, last.failures.len()), (all.len(), all.len()));
    assert_eq!(last.failures.iter().filter(|failure| failure.passing).count(), 10, "{:?}", last.failures);
}

#[tokio::test]
async fn a_list_that_fails_does_not_erase_a_run_that_was_under_way() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let running = json!({ "running": {
        "started_at": adapters::now(), "cursor": ["move", 10],
        "tally": { "fetched": 3, "unchanged": 0, "changed": 3, "failed": 0 }, "failures": [],
    }});
    let body = AttributeValue::S(running.to_string());
    put_raw(&store, &Key::sync_state(), &[("body", body)]).await;
    pokeapi.always("/api/v2/pokemon/", Fault::Status(404));
    run(&store, &client(config(&pokeapi)), &Settings::new("test")).await.expect_err("a list is missing");
    let state = state(&store).await;
    assert_eq!(state.running.expect("it is under way").cursor, Some((Kind::Move, 10)));
    assert!(state.error.is_some());
}
