//! The program while its engine is slow, hangs, fails or is gone, and while PokeAPI is gone: it goes on as far as it can, refuses the rest
//! with a reason, loses no acknowledged change, and recovers without a restart.

use std::{path::Path, time::Duration};

use adapters::{
    aws,
    store::{CatalogStore, Tables},
};
use http::Method;
use local::{
    engine::{Engine, listen},
    guard::AccessKey,
    seed, tables,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{House, Tap, engine_port, free_address};
use tokio::time::sleep;

use super::{
    catalogue::filled,
    process::Process,
    visitors::{Visitor, act, assert_stored, settle, visitors},
};
use crate::stand_in::{StandIn, World};

const NAMES: [&str; 4] = ["ash", "misty", "brock", "gary"];
const READY: &str = "/api/v1/health/ready";

/// An engine with every table and the whole catalogue.
async fn engine() -> Engine {
    let engine = Engine::in_memory().expect("an engine in memory");
    let (client, all) = (engine.client(), Tables::beside(tables::CATALOG));
    tables::create(&client, &all).await.expect("tables");
    seed::seed(&CatalogStore::new(client, &all), "test").await.expect("the bundled snapshot loads");
    engine
}

/// Starts the program with the engine at `url`.
fn serve(folder: &Path, url: &str) -> Process {
    Process::in_folder(folder, &["--dynamodb", url, "--port", "0", "--rate-limits", "off"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_hanging_or_failing_engine_loses_no_acknowledged_change() {
    let engine = engine().await;
    let port = engine_port(&engine).await;
    let tap = Tap::on(&port.url).await;
    let folder = TempDir::new().unwrap();
    let mut process = serve(folder.path(), &tap.url);
    let base = process.ready().await;
    let mut visitors = visitors(&base, NAMES).await;
    let none = Duration::ZERO;
    for (fault, delay, is_down, rounds, refuses) in [
        ("no fault", none, false, 2, false),
        ("a slow engine", Duration::from_millis(200), false, 2, false),
        ("an engine that hangs", Duration::from_secs(60), false, 1, true),
        ("an engine that fails", none, true, 2, true),
        ("an engine that has recovered", none, false, 2, false),
    ] {
        tap.set_delay(delay);
        tap.set_down(is_down);
        for _ in 0..rounds {
            let refusals = act(&mut visitors, fault).await;
            assert_eq!(refusals > 0, refuses, "{fault}: {refusals} refusals");
        }
    }
    settle(&mut visitors).await;
    assert_eq!(House::already_at(&base).get(READY).await.status, 200, "without a restart");
    assert_stored(engine.client(), &visitors).await;
    process.interrupt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_is_gone_and_comes_back_is_used_again_without_a_restart() {
    let engine = engine().await;
    let port = engine_port(&engine).await;
    let number: u16 = port.url.rsplit(':').next().and_then(|number| number.parse().ok()).expect("a port");
    let folder = TempDir::new().unwrap();
    let mut process = serve(folder.path(), &port.url);
    let base = process.ready().await;
    let mut visitors = visitors(&base, NAMES).await;
    assert_eq!(act(&mut visitors, "no fault").await, 0);
    port.close().await;
    for _ in 0..2 {
        let refusals = act(&mut visitors, "an engine that is gone").await;
        // Lists are answered from memory.
        assert!((1..5 * NAMES.len()).contains(&refusals), "{refusals} refusals");
    }
    assert_eq!(House::already_at(&base).get(READY).await.status, 503);
    let listener = listen(number).await.expect("the port is free again");
    let port = engine.serve(listener, AccessKey::known(aws::ANYBODY)).expect("an address");
    settle(&mut visitors).await;
    assert_eq!(act(&mut visitors, "an engine that is back").await, 0);
    assert_eq!(House::already_at(&base).get(READY).await.status, 200, "without a restart");
    assert_stored(engine.client(), &visitors).await;
    process.interrupt().await;
    port.close().await;
}

/// The state of the sync, once its last run has failed.
async fn failed_sync(house: &House, token: &str) -> Value {
    for _ in 0..600 {
        let state = house.call(Method::GET, "/api/v1/admin/sync", Some(token), None).await;
        assert_eq!(state.status, 200, "{state:?}");
        let state = state.json();
        if state["status"] == "idle" && !state["error"].is_null() {
            return state;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("the run goes on");
}

#[tokio::test]
async fn the_program_serves_while_pokeapi_is_gone_and_uses_it_once_it_is_back() {
    let (folder, address) = (filled().await, free_address());
    let source = format!("http://{address}/api/v2");
    let arguments = ["--pokeapi", &source, "--sync-rate", "0", "--rate-limits", "off"];
    let mut process = Process::on(folder.path(), &arguments);
    let oak = Visitor::register(&process.ready().await, "oak").await;
    process.interrupt().await;
    let data = folder.path().to_str().expect("a path of text");
    let granted = Process::start(&["--data", data, "admin", "grant", "oak"]).end().await;
    assert_eq!(granted.out, ["oak is an administrator now"]);

    let mut process = Process::on(folder.path(), &arguments);
    let base = process.ready().await;
    let house = House::already_at(&base);
    let mut visitors = visitors(&base, NAMES).await;
    let started = house.call(Method::POST, "/api/v1/admin/sync", Some(oak.token()), None).await;
    assert_eq!(started.status, 202, "{started:?}");
    // The run tries again several times, and the visitors notice nothing.
    for _ in 0..3 {
        assert_eq!(act(&mut visitors, "PokeAPI is gone").await, 0);
    }
    let state = failed_sync(&house, oak.token()).await;
    let reason = state["error"]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("PokeAPI's list of ") && reason.contains("refused"), "{reason}");
    assert_eq!(house.get(READY).await.status, 200, "the catalogue is as it was");

    let pokeapi = StandIn::start_at(World::small(), &address).await;
    pokeapi.edit("/api/v2/pokemon/1/", |bulbasaur| bulbasaur["weight"] = 71.into());
    let body = json!({"pokemon_id": 1});
    let fetched = house.call(Method::POST, "/api/v1/pokemon", Some(oak.token()), Some(&body)).await;
    assert_eq!(fetched.status, 200, "{fetched:?}");
    assert_eq!(house.get("/api/v1/pokemon/1").await.json()["weight"], 71);
    assert_eq!(act(&mut visitors, "PokeAPI is back").await, 0);
    settle(&mut visitors).await;
    process.interrupt().await;
}
