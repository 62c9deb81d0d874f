//! CORS: an exact list of origins, or none.

use std::collections::BTreeSet;

use api::{App, Config, Route, routes};
use door::limits::Limits;
use http::Method;
use local::tables::CATALOG;
use serde_json::{Value, json};
use tests::{
    Answer, House, SampleUsers, SeededEngine, assert_exposed, assert_sealed, event, invoke_event, sample,
};

use crate::workshop::Home;

const KNOWN: &str = "https://pokedex.example";
const LOCAL: &str = "http://localhost:5173";

async fn house_for(origins: &[&str]) -> House {
    let mut config = Config::new(CATALOG);
    config.door.cors_origins = origins.iter().map(|origin| origin.parse().expect("an origin")).collect();
    House::at(&SeededEngine::get().url, config).await
}

fn permissions(answer: &Answer) -> Vec<String> {
    let names = answer.headers.keys().map(|name| name.as_str());
    names.filter(|name| name.starts_with("access-control-")).map(str::to_owned).collect()
}

/// Origins that a careless comparison would allow.
const STRANGERS: [&str; 9] = [
    "https://evil.example",
    "https://pokedex.example.evil.example",
    "https://evil-pokedex.example",
    "https://pokedex.example:8443",
    "http://pokedex.example",
    "https://POKEDEX.example",
    "https://pokedex.example/",
    "null",
    "*",
];

#[tokio::test]
async fn without_a_list_no_origin_is_allowed() {
    let house = House::seeded().await;
    for route in tests::for_everybody() {
        let path = sample(route.spec.name);
        for method in [Method::GET, Method::OPTIONS] {
            let answer = house.send(method.clone(), path, &[("origin", KNOWN)]).await;
            assert_eq!(permissions(&answer), [] as [&str; 0], "{method} {path}");
            assert_eq!(answer.header("vary"), None, "{method} {path}: nothing depends on the origin");
        }
    }
}

#[tokio::test]
async fn a_known_origin_may_read_every_answer_and_is_named_exactly() {
    let house = house_for(&[KNOWN, LOCAL]).await;
    for route in tests::for_everybody() {
        let path = sample(route.spec.name);
        for origin in [KNOWN, LOCAL] {
            let answer = house.send(Method::GET, path, &[("origin", origin)]).await;
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{path}");
            assert_eq!(answer.header("access-control-allow-credentials"), Some("true"), "{path}");
            let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
            for name in ["ETag", "X-Request-ID", "Retry-After"] {
                assert!(exposed.contains(name), "{path} exposes {exposed}");
            }
            assert_sealed(&answer, path);
        }
    }
}

#[tokio::test]
async fn problems_and_304s_can_be_read_by_a_known_origin_too() {
    let house = house_for(&[KNOWN]).await;
    for (path, header, status) in [
        ("/api/v1/pokemon?page=0", ("x-test", "1"), 422),
        ("/api/v1/pokemon?search=%ff", ("x-test", "1"), 400),
        ("/api/v1/pokemon?sort=favorites", ("authorization", "Bearer x"), 401),
        ("/api/v1/pokemon", ("if-none-match", "*"), 304),
    ] {
        let answer = house.send(Method::GET, path, &[("origin", KNOWN), header]).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(KNOWN), "{path}");
        assert_eq!(answer.header("vary"), Some("Origin"), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_origin_gets_no_permission_and_no_wildcard() {
    let house = house_for(&[KNOWN, LOCAL]).await;
    for route in tests::for_everybody() {
        let path = sample(route.spec.name);
        for origin in STRANGERS {
            for method in [Method::GET, Method::OPTIONS] {
                let answer = house.send(method.clone(), path, &[("origin", origin)]).await;
                assert_eq!(permissions(&answer), [] as [&str; 0], "{method} {path} for {origin}");
            }
        }
    }
}

#[tokio::test]
async fn a_list_makes_every_answer_vary_by_origin() {
    let house = house_for(&[KNOWN]).await;
    for route in tests::for_everybody() {
        let path = sample(route.spec.name);
        for method in [Method::GET, Method::OPTIONS, Method::POST] {
            for origin in [Some(KNOWN), Some("https://evil.example"), None] {
                let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
                let answer = house.send(method.clone(), path, &headers).await;
                let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
                assert_eq!(vary, ["Origin"], "{method} {path} for {origin:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_preflight_names_methods_and_headers_to_known_origins_alone() {
    let house = house_for(&[KNOWN]).await;
    for route in tests::for_everybody().iter().filter(|route| route.spec.name != "answer-unknown") {
        let path = sample(route.spec.name);
        let methods = tests::allowed_at(path);
        let request_headers = [
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "authorization,if-none-match"),
        ];
        let preflight = async |origin: Option<&str>| {
            let headers: Vec<_> =
                request_headers.into_iter().chain(origin.map(|origin| ("origin", origin))).collect();
            let answer = house.send(Method::OPTIONS, path, &headers).await;
            assert_eq!(answer.status, 204, "{path}");
            assert!(answer.body.is_empty(), "{path}");
            assert_eq!(answer.header("allow"), Some(methods.as_str()), "{path}");
            assert_sealed(&answer, path);
            answer
        };
        let known = preflight(Some(KNOWN)).await;
        assert_eq!(known.header("access-control-allow-origin"), Some(KNOWN), "{path}");
        assert_eq!(known.header("access-control-allow-methods"), Some(methods.as_str()), "{path}");
        let allowed = known.header("access-control-allow-headers").unwrap_or_default();
        for name in ["Authorization", "If-None-Match", "Content-Type", "X-Request-ID"] {
            assert!(allowed.contains(name), "{path} allows {allowed}");
        }
        assert!(known.header("access-control-max-age").is_some(), "{path}");
        for origin in [Some("https://evil.example"), Some("null"), None] {
            assert_eq!(permissions(&preflight(origin).await), [] as [&str; 0], "{path} for {origin:?}");
        }
    }
}

#[tokio::test]
async fn a_preflight_of_an_unknown_path_is_404() {
    let house = house_for(&[KNOWN]).await;
    let answer = house.send(Method::OPTIONS, "/api/v1/missingno", &[("origin", KNOWN)]).await;
    assert_eq!(answer.status, 404);
}

/// The responses of a route beside the response to its sample event: each kind of header is set by one of
/// them.
fn variations(route: &Route, users: &SampleUsers) -> Vec<Value> {
    let sample = users.fill(&event(route));
    let with = |name: &str, value: &str| {
        let mut event = sample.clone();
        event["headers"][name] = json!(value);
        event
    };
    let keyed = with("idempotency-key", "key");
    let mut odd = sample.clone();
    odd["rawQueryString"] = json!("x=%ff");
    let mut head = sample.clone();
    head["requestContext"]["http"]["method"] = json!("HEAD");
    // The request with the key comes first: the others leave nothing to do.
    let mut all = vec![
        keyed.clone(),
        keyed,
        with("authorization", "Bearer x"),
        with("content-type", "text/plain"),
        with("if-none-match", "*"),
        odd,
        sample.clone(),
        sample.clone(),
    ];
    if route.spec.method == Method::GET {
        all.push(head);
    }
    if route.spec.name == "answer-unknown" {
        for (method, path) in [("OPTIONS", "/api/v1/pokemon"), ("PATCH", "/api/v1/pokemon/25")] {
            let mut event = sample.clone();
            event["requestContext"]["http"]["method"] = json!(method);
            event["rawPath"] = json!(path);
            all.push(event);
        }
    }
    all
}

#[tokio::test]
async fn every_header_that_any_response_sets_is_exposed() {
    let mut seen = BTreeSet::new();
    for route in routes::all() {
        let users = Home::of(&route.spec).await;
        let client = adapters::aws::at(&users.url);
        let limits =
            Some(Limits::parse("register=2/60,login=2/60,refresh=2/60,write=6/60,bulk=3/60").unwrap());
        let mut config = users.with_limits(limits);
        config.door.cors_origins = vec![KNOWN.parse().unwrap()];
        let app = App::new(config, || client);
        for mut event in variations(&route, &users) {
            event["headers"]["origin"] = json!(KNOWN);
            let answer = invoke_event(&app, &route, &event).await;
            let what = format!("{} {}", answer.status, route.spec.name);
            assert_eq!(answer.header("access-control-allow-origin"), Some(KNOWN), "{what}");
            assert_exposed(&answer, &what);
            seen.extend(answer.headers.keys().map(|name| name.as_str().to_owned()));
        }
    }
    for name in [
        "allow",
        "content-disposition",
        "etag",
        "idempotency-replayed",
        "retry-after",
        "www-authenticate",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ] {
        assert!(seen.contains(name), "no response had {name}, only {seen:?}");
    }
    expose_what_another_response_holds(&seen).await;
}

/// A 304 updates the headers of the stored response, the list of exposed headers among them.
async fn expose_what_another_response_holds(seen: &BTreeSet<String>) {
    let house = house_for(&[KNOWN]).await;
    for (header, status) in [(("x-test", "1"), 200), (("if-none-match", "*"), 304)] {
        let answer = house.send(Method::GET, "/api/v1/pokemon/25", &[("origin", KNOWN), header]).await;
        assert_eq!(answer.status, status);
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
        // Excludes headers that browsers show without permission, and headers that only browsers read.
        let is_hidden = |name: &str| {
            !["cache-control", "content-length", "content-type", "vary"].contains(&name)
                && !name.starts_with("access-control-")
        };
        for name in seen.iter().filter(|name| is_hidden(name)) {
            let is_exposed = exposed.split(", ").any(|one| one.eq_ignore_ascii_case(name));
            assert!(is_exposed, "{status} exposes {exposed}, not {name}");
        }
    }
}
