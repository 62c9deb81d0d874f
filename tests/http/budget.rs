//! The cost limit of each route: the database calls, read units and write units of its sample request, with the index and the
//! public keys in memory. `tests/budget.json` has one line per route.

use std::collections::BTreeSet;

use api::{
    App, Route,
    routes::{self, SPECS},
};
use http::Method;
use serde_json::{Map, Value, json};
use tests::{SampleUsers, Tap, event, invoke_event};

use crate::workshop::Home;

fn budget() -> Map<String, Value> {
    serde_json::from_str(&tests::read("tests/budget.json")).expect("tests/budget.json is a JSON object")
}

#[test]
fn every_route_has_a_budget_and_every_budget_a_route() {
    let lines: BTreeSet<String> = budget().keys().cloned().collect();
    let routes: BTreeSet<String> = SPECS.iter().map(|spec| spec.name.to_owned()).collect();
    assert_eq!(lines, routes, "tests/budget.json against the table of routes");
}

#[test]
fn every_budget_has_exactly_calls_and_units() {
    for (route, line) in budget() {
        let keys: Vec<_> = line.as_object().expect(&route).keys().collect();
        assert_eq!(keys, ["calls", "rcu", "wcu"], "{route}");
    }
}

/// An app with the index and the keys in memory.
async fn warm(users: &SampleUsers, url: &str) -> App {
    let app = users.app(url);
    for name in ["list-types", "get-profile"] {
        let route = routes::all().into_iter().find(|route| route.spec.name == name).expect("a route");
        let mut event = event(&route);
        event["headers"]["authorization"] = format!("Bearer {}", users.token()).into();
        assert_eq!(invoke_event(&app, &route, &event).await.status, 200, "{name}");
    }
    app
}

async fn cost(route: &Route, method: &Method) -> Value {
    let users = Home::of(&route.spec).await;
    let tap = Tap::on(&users.url).await;
    let app = warm(&users, &tap.url).await;
    let _ = (tap.take(), tap.take_units());
    let mut event = users.fill(&event(route));
    event["requestContext"]["http"]["method"] = json!(method.as_str());
    let answer = invoke_event(&app, route, &event).await;
    let name = route.spec.name;
    assert!(answer.status.is_success() || name == "answer-unknown", "{name}: {}", answer.status);
    let (calls, units) = (tap.take(), tap.take_units());
    for call in &calls {
        assert!(call.operation != "Scan", "{name} reads a whole table");
        assert_eq!(call.body["ReturnConsumedCapacity"], "TOTAL", "{name}");
    }
    json!({"calls": calls.len(), "rcu": units.read, "wcu": units.written})
}

#[tokio::test]
async fn every_route_costs_its_budget() {
    let mut measured = Map::new();
    for route in routes::all() {
        measured.insert(route.spec.name.to_owned(), cost(&route, &route.spec.method).await);
    }
    let (measured, budget) = (Value::Object(measured), Value::Object(budget()));
    assert_eq!(measured, budget, "measured: {measured:#}");
}

#[tokio::test]
async fn head_costs_what_get_costs() {
    for route in routes::all().into_iter().filter(|route| route.spec.method == Method::GET) {
        assert_eq!(cost(&route, &Method::HEAD).await, budget()[route.spec.name], "{}", route.spec.name);
    }
}

#[test]
fn a_pokemon_costs_one_call_and_half_a_unit() {
    assert_eq!(budget()["get-pokemon"], json!({"calls": 1, "rcu": 0.5, "wcu": 0.0}));
    for route in ["list-pokemon", "list-types", "list-generations", "get-health"] {
        assert_eq!(budget()[route], json!({"calls": 0, "rcu": 0.0, "wcu": 0.0}), "{route}");
    }
}
