//! The door against thousands of damaged events: it answers each of them, by the route that it was opened for.

use std::{collections::BTreeMap, time::Duration};

use adapters::aws;
use api::{
    App, Config, Route,
    routes::{self},
};
use door::{Event, route::Authorization};
use local::tables::CATALOG;
use serde_json::{Value, json, value::RawValue};
use tests::{Answer, SeededEngine, assert_sealed, event, invoke, problem};

use crate::workshop::Home;

/// The number of damaged events, unless `cargo xtask test` names another.
const EVENTS: u32 = 25_000;

/// Xorshift: it produces the same damage in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % most
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

const TEXTS: [&str; 40] = [
    "",
    " ",
    "0",
    "1",
    "25",
    "pikachu",
    "PIKACHU",
    "deoxys",
    "missingno",
    "%",
    "%ff",
    "%00",
    "..",
    "/",
    "?",
    "#",
    "&",
    "=",
    "+",
    "\u{0}",
    "\r\n",
    "♀",
    "é",
    "\u{202e}",
    "\u{feff}",
    "<script>",
    "\"",
    "a b",
    "GET",
    "POST",
    "OPTIONS",
    "null",
    "*",
    "Bearer x",
    "https://a.example",
    "e30=",
    "search=char&page=2",
    "include=moves",
    "sort=hp_desc&type=water",
    "page=0",
];

const NAMES: [&str; 14] = [
    "id",
    "name",
    "headers",
    "authorization",
    "if-none-match",
    "origin",
    "x-request-id",
    "host",
    "body",
    "rawPath",
    "rawQueryString",
    "isBase64Encoded",
    "pathParameters",
    "method",
];

/// Changes what a client may change, so that the event stays valid.
fn vary(event: &mut Value, chance: &mut Chance) {
    let text = json!(chance.of(&TEXTS));
    match chance.below(6) {
        0 => event["rawQueryString"] = text,
        1 => {
            event["requestContext"]["http"]["method"] =
                json!(chance.of(&["GET", "POST", "OPTIONS", "HEAD", "get"]));
        }
        2 => {
            let parameters = event["pathParameters"].as_object_mut();
            parameters.into_iter().flatten().for_each(|(_, value)| *value = text.clone());
        }
        3 => {
            event["rawPath"] =
                json!(tests::sample(chance.of(&["get-type", "get-pokemon", "list-types", "get-version"])));
        }
        4 => event["headers"][chance.of(&["if-none-match", "origin", "x-request-id", "host"])] = text,
        _ if chance.below(4) == 0 => event["headers"]["authorization"] = text,
        _ => event["body"] = text,
    }
}

/// Damages one place of `value`, found by a random walk down the tree.
fn damage(value: &mut Value, chance: &mut Chance) {
    if chance.below(4) > 0 {
        let inner = match value {
            Value::Object(fields) if !fields.is_empty() => {
                let nth = chance.below(fields.len());
                fields.iter_mut().nth(nth).map(|(_, inner)| inner)
            }
            Value::Array(all) if !all.is_empty() => {
                let nth = chance.below(all.len());
                all.get_mut(nth)
            }
            _ => None,
        };
        if let Some(inner) = inner {
            return damage(inner, chance);
        }
    }
    match value {
        Value::Object(fields) if chance.below(3) > 0 => {
            if chance.below(2) == 0 {
                let gone = fields.keys().nth(chance.below(fields.len().max(1))).cloned();
                gone.and_then(|name| fields.remove(&name));
            } else {
                fields.insert(chance.of(&NAMES).to_owned(), json!(chance.of(&TEXTS)));
            }
        }
        Value::String(text) if chance.below(4) > 0 => damage_text(text, chance),
        other => *other = anything(chance),
    }
}

fn damage_text(text: &mut String, chance: &mut Chance) {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let at = chance.of(&places);
    match chance.below(6) {
        0 => text.insert_str(at, chance.of(&TEXTS)),
        1 => text.truncate(at),
        2 => drop(text.drain(..at)),
        3 => *text = chance.of(&TEXTS).to_owned(),
        4 => *text = text.repeat(chance.below(12)),
        _ => text.push_str(&chance.of(&TEXTS).repeat(1 << chance.below(12))),
    }
}

fn anything(chance: &mut Chance) -> Value {
    match chance.below(9) {
        0 => Value::Null,
        1 => json!(chance.below(2) == 0),
        2 => json!(chance.below(1000) as i64 - 500),
        3 => json!(f64::MAX),
        4 => json!([]),
        5 => json!({}),
        6 => json!([chance.of(&TEXTS)]),
        7 => json!({chance.of(&NAMES): chance.of(&TEXTS)}),
        _ => json!(chance.of(&TEXTS)),
    }
}

/// The event as text, with sometimes one byte damaged. `None` if the result is not JSON: the runtime itself
/// rejects it.
fn payload(event: &Value, chance: &mut Chance) -> Option<Box<RawValue>> {
    let mut text = event.to_string();
    if chance.below(8) == 0 {
        let mut bytes = text.into_bytes();
        let at = chance.below(bytes.len());
        bytes[at] = chance.of(b"\"{}[]:,0x\\\x7f");
        text = String::from_utf8(bytes).ok()?;
    }
    RawValue::from_string(text).ok()
}

/// A field that only this route's response has.
fn mark(route: &str) -> &'static str {
    match route {
        "list-pokemon" => "/pagination/total",
        "list-types" => "/17",
        "list-generations" => "/total_generations",
        "get-pokemon" => "/varieties",
        "get-evolutions" => "/chain/species",
        "get-type" => "/damage_relations",
        "get-ability" => "/is_main_series",
        "get-move" => "/learned_by",
        "get-health" => "/status",
        "get-readiness" => "/catalog/index",
        "get-openapi" => "/paths",
        "get-version" => "/api",
        "get-jwks" => "/keys/1",
        other => panic!("nothing tells an answer of {other}"),
    }
}

/// Whether a response about one resource is about the one that the path's parameter names.
fn is_what_was_asked_for(found: &Value, route: &str, payload: &str) -> bool {
    let (parameter, fields): (_, &[&str]) = match route {
        "get-pokemon" => ("id", &["name", "species"]),
        "get-type" | "get-ability" | "get-move" => ("name", &["name"]),
        _ => return true,
    };
    let event: Value = serde_json::from_str(payload).expect("what was answered is JSON");
    let name = event["pathParameters"][parameter].as_str().unwrap_or_default().to_lowercase();
    // Names lead to records in any spelling, and forms of Unown are called like letters.
    let key = domain::normalise(&name);
    let id = key.trim_start_matches('#').parse::<u64>().ok();
    let is_name = |field: &&str| found[*field].as_str().is_some_and(|name| domain::normalise(name) == key);
    let is_letter = key.len() == 1 && found["name"] == "unown";
    fields.iter().any(is_name) || (id.is_some() && found["id"].as_u64() == id) || is_letter
}

/// Whether a payload is an event of a HEAD request.
fn is_head(payload: &str) -> bool {
    let event: Option<Event> =
        serde_json::from_str(payload).ok().filter(|_| !payload.trim_start().starts_with('['));
    event.is_some_and(|event| event.request_context.http.method == "HEAD")
}

fn check(answer: &Answer, route: &str, payload: &str) {
    let shown: String = payload.chars().take(2000).collect();
    assert!(!answer.status.is_server_error(), "{route}: {} for {shown}", answer.status);
    assert_sealed(answer, &shown);
    if is_head(payload) {
        return assert!(answer.body.is_empty(), "{route}: {shown}");
    }
    match answer.status.as_u16() {
        200 => {
            let found = answer.json();
            assert!(found.pointer(mark(route)).is_some(), "{route} did not answer {shown}");
            assert!(is_what_was_asked_for(&found, route, payload), "{route} answered another's: {shown}");
        }
        204 | 304 => assert!(answer.body.is_empty(), "{route}: {shown}"),
        _ => drop(problem(answer, &shown)),
    }
}

#[tokio::test]
async fn every_damaged_event_is_answered_by_the_route_that_it_came_to() {
    let mut config = Config::new(CATALOG);
    config.door.cors_origins = vec!["https://a.example".parse().unwrap()];
    // No pointer check in between: a response that is late by chance must not look like a defect.
    config.index_check_every = Duration::from_secs(3600);
    let app = App::new(config, || aws::at(&SeededEngine::get().url));
    let routes = tests::for_everybody();
    let mut chance = Chance(0x5eed_0fde_adc0_de01);
    let (mut sent, mut statuses) = (0, BTreeMap::<(&str, u16), u32>::new());
    let events = tests::count("POKEDEX_DAMAGED_EVENTS", EVENTS);
    while sent < events {
        let route = &routes[chance.below(routes.len())];
        let mut event = event(route);
        for _ in 0..chance.below(3) {
            vary(&mut event, &mut chance);
        }
        for _ in 0..chance.below(4) {
            damage(&mut event, &mut chance);
        }
        let Some(payload) = payload(&event, &mut chance) else { continue };
        let answer = invoke(&app, route, &payload).await;
        check(&answer, route.spec.name, payload.get());
        *statuses.entry((route.spec.name, answer.status.as_u16())).or_default() += 1;
        sent += 1;
    }
    // Enough of the damaged events must get past the door, and not too many.
    for route in &routes {
        let by_status = |status| statuses.get(&(route.spec.name, status)).copied().unwrap_or_default();
        let answered = if route.spec.name == "answer-unknown" { by_status(404) } else { by_status(200) };
        let is_balanced = answered > events / 500 && by_status(400) > events / 1000;
        assert!(is_balanced, "{}: {statuses:?}", route.spec.name);
        // Some of the events carry damaged tokens.
        let ignores_tokens = route.spec.authorization == Authorization::Ignored;
        assert!(!ignores_tokens || by_status(401) == 0, "{}: {statuses:?}", route.spec.name);
    }
    for status in [204, 304, 405, 414, 422] {
        assert!(statuses.keys().any(|(_, seen)| *seen == status), "no {status} in {statuses:?}");
    }
}

/// Damaged events for each route that requires a signed-in user.
const PRIVATE_EVENTS: u32 = 60;

#[tokio::test]
async fn every_damaged_event_of_a_signed_in_user_is_answered() {
    let mut chance = Chance(0x5eed_0fac_c0de_0001);
    let mut statuses = BTreeMap::<u16, u32>::new();
    let is_private = |route: &Route| !tests::is_for_everybody(&route.spec);
    for route in routes::all().into_iter().filter(is_private) {
        let name = route.spec.name;
        let home = Home::of(&route.spec).await;
        let (config, url) = (home.without_limits(), home.url.clone());
        let app = App::new(config, move || aws::at(&url));
        let mut sent = 0;
        while sent < PRIVATE_EVENTS {
            let mut event = home.fill(&event(&route));
            for _ in 0..chance.below(2) {
                vary(&mut event, &mut chance);
            }
            match event["body"].as_str().map(serde_json::from_str::<Value>) {
                // Half of the events are damaged where the handler reads, the others anywhere.
                Some(Ok(mut body)) if chance.below(2) == 0 => {
                    damage(&mut body, &mut chance);
                    event["body"] = body.to_string().into();
                }
                _ => damage(&mut event, &mut chance),
            }
            let Some(payload) = payload(&event, &mut chance) else { continue };
            let answer = invoke(&app, &route, &payload).await;
            let shown: String = payload.get().chars().take(2000).collect();
            assert!(!answer.status.is_server_error(), "{name}: {} for {shown}", answer.status);
            assert_sealed(&answer, &shown);
            if answer.status.is_client_error() && !is_head(payload.get()) {
                let reported = problem(&answer, &shown).to_string();
                assert!(!reported.contains(tests::PASSWORD), "{name}: {reported}");
            }
            *statuses.entry(answer.status.as_u16()).or_default() += 1;
            sent += 1;
        }
    }
    for status in [200, 201, 400, 401, 403, 404, 409, 422] {
        assert!(statuses.contains_key(&status), "no {status} in {statuses:?}");
    }
}
