//! Runs killed at any call to the engine: the next run completes the catalogue as an undisturbed run would.

use std::{collections::BTreeMap, time::Duration};

use adapters::{
    store::{CatalogStore, INDEX_COPIES, Meter},
    sync::{Outcome, Settings, SyncError},
};
use domain::dex::Dex;
use serde_json::{Value, json};
use tests::{Call, empty_store, engine_url, publish_facts};

use super::{
    catalogue::{assert_same, catalogue, index_versions, past, undisturbed_catalogue},
    support::{
        LONG_AGO, client, config, dex, facts, finished, listed, listed_times, pokemon, run, small, state,
        sync, synced, tapped, through,
    },
    switch::{Blow, Switch},
};
use crate::stand_in::{StandIn, World};

/// One run until `switch` strikes; `None` if it was killed.
async fn until(
    switch: &Switch,
    store: &CatalogStore,
    pokeapi: &StandIn,
    settings: &Settings,
) -> Option<Result<Outcome, SyncError>> {
    let store = through(store, &switch.url).await;
    let api = client(config(pokeapi));
    tokio::select! {
        outcome = run(&store, &api, settings) => Some(outcome),
        () = switch.struck() => None,
    }
}

/// Kills a run at its `number`th call; returns false if it ended before that call.
async fn kill(
    store: &CatalogStore,
    pokeapi: &StandIn,
    blow: Blow,
    number: usize,
    settings: &Settings,
) -> bool {
    let switch = Switch::at(&engine_url(), blow, move |call, _| call == number).await;
    match until(&switch, store, pokeapi, settings).await {
        None => true,
        Some(Err(error)) if blow == Blow::Refused => {
            assert!(error.to_string().contains("AccessDeniedException: not yours"), "{error}");
            true
        }
        // The release of the lease is best effort: a run whose release was refused still succeeds.
        Some(Ok(_)) if blow == Blow::Refused => switch.calls() >= number,
        Some(outcome) => {
            finished(outcome);
            assert!(switch.calls() < number);
            false
        }
    }
}

/// The invariant after any number of runs, killed or not: the current index is complete.
async fn readers_are_served(store: &CatalogStore, what: &str) {
    let meter = Meter::default();
    let Some(pointer) = store.index_pointer(&meter).await.expect("it is readable") else { return };
    for copy in 0..INDEX_COPIES {
        let bytes = store
            .index(&meter, &pointer.version, copy)
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        Dex::load(&bytes, &pointer.version, "").unwrap_or_else(|error| panic!("{what}: {error}"));
    }
}

/// Runs a sync that is not killed, and asserts the invariants after it: the catalogue is complete, and the index has the times of the
/// items.
async fn assert_recovered(
    store: &CatalogStore,
    pokeapi: &StandIn,
    expected: &BTreeMap<String, Value>,
    versions: usize,
    what: &str,
) {
    sync(store, pokeapi).await;
    assert_same(&catalogue(store).await, expected, what);
    assert_eq!(index_versions(store).await.len(), versions, "{what}");
    assert_eq!(state(store).await.running, None, "{what}");
    let dex = dex(store).await;
    for (id, name) in listed(&dex) {
        let (_, created, updated) = pokemon(store, &name).await.expect("what is listed is there");
        assert_eq!(listed_times(&dex, id), (created, updated), "{what}: {name}");
    }
}

/// Kills a first sync at call `first` and every `step`th from there.
async fn first_sync_killed(blow: Blow, settings: &Settings, (first, step): (usize, usize), at_least: usize) {
    let pokeapi = small().await;
    let expected = undisturbed_catalogue().await;
    let mut kills = 0;
    for number in (first..).step_by(step) {
        let store = empty_store().await;
        let what = format!("{blow:?} call {number}");
        if !kill(&store, &pokeapi, blow, number, settings).await {
            break;
        }
        readers_are_served(&store, &what).await;
        assert_recovered(&store, &pokeapi, expected, 1, &what).await;
        kills += 1;
    }
    assert!(kills >= at_least, "only {kills} kills");
}

fn careful() -> Settings {
    Settings { checkpoint_every: Duration::ZERO, ..Settings::new("test") }
}

#[tokio::test]
async fn a_first_sync_killed_before_a_call_is_completed_by_the_next() {
    first_sync_killed(Blow::Before, &Settings::new("test"), (1, 1), 10).await;
}

#[tokio::test]
async fn a_first_sync_killed_after_a_call_is_completed_by_the_next() {
    first_sync_killed(Blow::After, &Settings::new("test"), (1, 1), 10).await;
}

#[tokio::test]
async fn a_first_sync_refused_at_a_call_is_completed_by_the_next() {
    first_sync_killed(Blow::Refused, &Settings::new("test"), (2, 3), 3).await;
}

#[tokio::test]
async fn a_first_sync_killed_between_its_many_checkpoints_is_completed_by_the_next() {
    first_sync_killed(Blow::Before, &careful(), (5, 29), 8).await;
    first_sync_killed(Blow::After, &careful(), (9, 31), 8).await;
}

/// The small world some time later: one Pokémon weighs more, one was removed, one is new, and a move has another slug.
fn later() -> World {
    let mut world = World::small();
    let mut bulbasaur = world.get("pokemon", "1").expect("it is there").clone();
    bulbasaur["weight"] = json!(70);
    let mut mega = world.get("pokemon", "10034").expect("it is there").clone();
    (mega["id"], mega["name"]) = (json!(10035), json!("charizard-mega-y"));
    let mut vine_whip = world.get("move", "22").expect("it is there").clone();
    vine_whip["name"] = json!("vine-lash");
    world.insert("move", vine_whip);
    world.insert("pokemon", bulbasaur);
    world.insert("pokemon", mega);
    world.remove("pokemon", 10001);
    world
}

async fn filled_long_ago(world: &domain::facts::Facts) -> CatalogStore {
    let store = empty_store().await;
    publish_facts(&store, world, LONG_AGO).await;
    store
}

/// Kills a change at call `first` and every second from there.
async fn change_killed(blow: Blow, first: usize, at_least: usize) {
    let before = facts(&small().await).await;
    let pokeapi = StandIn::start(later()).await;
    let expected = catalogue(&synced(&pokeapi).await).await;
    let undisturbed = filled_long_ago(&before).await;
    sync(&undisturbed, &pokeapi).await;
    let remains = past(&undisturbed).await;
    let mut kills = 0;
    for number in (first..).step_by(2) {
        let store = filled_long_ago(&before).await;
        sync(&store, &small().await).await;
        let what = format!("{blow:?} call {number}");
        if !kill(&store, &pokeapi, blow, number, &Settings::new("test")).await {
            break;
        }
        readers_are_served(&store, &what).await;
        assert_recovered(&store, &pokeapi, &expected, 2, &what).await;
        let (_, created, _) = pokemon(&store, "1").await.expect("it is there");
        assert_eq!(created, LONG_AGO, "{what}");
        assert_same(&past(&store).await, &remains, &what);
        kills += 1;
    }
    assert!(kills >= at_least, "only {kills} kills");
}

#[tokio::test]
async fn a_change_killed_before_a_call_is_completed_by_the_next() {
    change_killed(Blow::Before, 1, 8).await;
}

#[tokio::test]
async fn a_change_killed_after_a_call_is_completed_by_the_next() {
    change_killed(Blow::After, 2, 8).await;
}

#[tokio::test]
async fn a_sync_that_is_killed_repeatedly_completes() {
    let (pokeapi, store) = (small().await, empty_store().await);
    let mut kills = 0;
    while kill(&store, &pokeapi, if kills % 2 == 0 { Blow::Before } else { Blow::After }, 17, &careful())
        .await
    {
        kills += 1;
        assert!(kills < 100, "it makes no headway");
    }
    assert!(kills > 10, "{kills}");
    assert_recovered(&store, &pokeapi, undisturbed_catalogue().await, 1, "killed often").await;
}

/// Whether the call puts an item whose key, `pk/sk`, begins with `key`.
fn puts(call: &Call, key: &str) -> bool {
    let part = |name: &str| call.body["Item"][name]["S"].as_str().unwrap_or_default();
    call.operation == "PutItem" && format!("{}/{}", part("pk"), part("sk")).starts_with(key)
}

/// Kills a change at the first call that puts an item whose key begins with `key`; returns the index before and after.
async fn change_killed_at(blow: Blow, key: &'static str) -> (String, String) {
    let before = facts(&small().await).await;
    let pokeapi = StandIn::start(later()).await;
    let store = filled_long_ago(&before).await;
    let version = async || {
        store.index_pointer(&Meter::default()).await.expect("it is readable").expect("it is there").version
    };
    let old = version().await;
    let switch = Switch::at(&engine_url(), blow, move |_, call| puts(call, key)).await;
    assert!(until(&switch, &store, &pokeapi, &Settings::new("test")).await.is_none(), "it is killed");
    // The last row is written, and the removed Pokémon's items are deleted.
    assert_eq!(pokemon(&store, "1").await.expect("it is there").0.pokemon.weight, Some(70));
    assert!(pokemon(&store, "charizard-mega-y").await.is_some());
    assert!(pokemon(&store, "deoxys-attack").await.is_some_and(|(p, ..)| p.pokemon.removed_at.is_some()));
    assert_eq!(pokemon(&store, "attackforme").await, None);
    readers_are_served(&store, key).await;
    let new = version().await;
    let expected = catalogue(&synced(&pokeapi).await).await;
    assert_recovered(&store, &pokeapi, &expected, 2, key).await;
    (old, new)
}

#[tokio::test]
async fn a_kill_between_the_last_row_and_the_index_leaves_the_old_index() {
    let (old, new) = change_killed_at(Blow::Before, "INDEX#").await;
    assert_eq!(old, new);
}

#[tokio::test]
async fn a_kill_between_the_copies_of_the_index_leaves_the_old_index() {
    let (old, new) = change_killed_at(Blow::After, "INDEX#").await;
    assert_eq!(old, new);
}

#[tokio::test]
async fn a_kill_between_the_copies_and_the_pointer_leaves_the_old_index() {
    let (old, new) = change_killed_at(Blow::Before, "INDEX/").await;
    assert_eq!(old, new);
}

#[tokio::test]
async fn a_kill_right_after_the_pointer_leaves_the_new_index() {
    let (old, new) = change_killed_at(Blow::After, "INDEX/").await;
    assert_ne!(old, new);
}

#[tokio::test]
async fn an_engine_that_is_down_for_a_moment_only_costs_time() {
    let (pokeapi, store) = (small().await, empty_store().await);
    let (tapped, tap) = tapped(&store).await;
    tap.set_down(true);
    let up = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        tap.set_down(false);
    };
    let api = client(config(&pokeapi));
    let settings = Settings::new("test");
    let (outcome, ()) = tokio::join!(run(&tapped, &api, &settings), up);
    assert_eq!(finished(outcome).0.tally.failed, 0);
    assert_same(&catalogue(&store).await, undisturbed_catalogue().await, "complete");
}
