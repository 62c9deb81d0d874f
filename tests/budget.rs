//! What each route may cost: calls to the database and read units, of its sample request, with the index in memory.
//! `tests/budget.json` has a line a route.

use std::{collections::BTreeSet, time::Duration};

use api::{Config, routes::SPECS};
use local::tables::CATALOG;
use serde_json::{Map, Value, json};
use tests::{House, SeededEngine, Tap, sample};

fn budget() -> Map<String, Value> {
    serde_json::from_str(&tests::read("tests/budget.json")).expect("tests/budget.json is a JSON object")
}

#[test]
fn every_route_has_a_line_and_every_line_a_route() {
    let lines: BTreeSet<String> = budget().keys().cloned().collect();
    let routes: BTreeSet<String> = SPECS.iter().map(|spec| spec.name.to_owned()).collect();
    assert_eq!(lines, routes, "tests/budget.json against the table of routes");
}

#[test]
fn no_line_says_more_or_less_than_calls_and_rcu() {
    for (route, line) in budget() {
        let keys: Vec<_> = line.as_object().expect(&route).keys().collect();
        assert_eq!(keys, ["calls", "rcu"], "{route}");
    }
}

#[tokio::test]
async fn every_route_costs_what_its_line_says() {
    let tap = Tap::on(&SeededEngine::get().url).await;
    let mut config = Config::new(CATALOG);
    config.index_check_every = Duration::from_secs(3600);
    let house = House::at(&tap.url, config).await;
    assert_eq!(house.get("/api/v1/pokemon").await.status, 200, "the index is in memory");
    let mut measured = Map::new();
    for spec in SPECS {
        let _ = (tap.take(), tap.take_units());
        let answer = house.get(sample(spec.name)).await;
        assert!(answer.status == 200 || spec.name == "answer-unknown", "{}: {}", spec.name, answer.status);
        let (calls, units) = (tap.take(), tap.take_units());
        for call in &calls {
            assert_eq!(call.operation, "GetItem", "{} may do nothing else", spec.name);
            assert_eq!(call.body["ReturnConsumedCapacity"], "TOTAL", "{}", spec.name);
        }
        measured.insert(spec.name.to_owned(), json!({"calls": calls.len(), "rcu": units}));
    }
    let (measured, budget) = (Value::Object(measured), Value::Object(budget()));
    assert_eq!(measured, budget, "measured: {measured:#}");
}

#[test]
fn a_pokemon_costs_one_call_and_half_a_unit() {
    assert_eq!(budget()["get-pokemon"], json!({"calls": 1, "rcu": 0.5}));
    for route in ["list-pokemon", "list-types", "list-generations", "get-health"] {
        assert_eq!(budget()[route], json!({"calls": 0, "rcu": 0.0}), "{route}");
    }
}
