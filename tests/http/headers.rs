//! Headers that every response carries, whatever the route and the status.

use std::collections::HashSet;

use api::{App, Config, routes};
use http::{HeaderValue, Method, header};
use local::tables::CATALOG;
use serde_json::json;
use tests::{Answer, House, SeededEngine, assert_sealed, event, problem, sample};

use crate::workshop::Home;

/// A house whose engine is gone.
async fn without_an_engine() -> House {
    House::at("http://127.0.0.1:1", Config::new(CATALOG)).await
}

#[tokio::test]
async fn every_answer_is_sealed_whatever_its_status() {
    let house = House::seeded().await;
    let mut statuses = HashSet::new();
    for route in tests::for_everybody() {
        let path = sample(route.spec.name);
        let plain = house.get(path).await;
        let etag = plain.header("etag").unwrap_or("\"none\"").to_owned();
        let mut answers = vec![plain];
        for (method, header) in [
            (Method::GET, ("if-none-match", etag.as_str())),
            (Method::GET, ("authorization", "Bearer x")),
            (Method::POST, ("x-test", "1")),
            (Method::HEAD, ("x-test", "1")),
            (Method::OPTIONS, ("origin", "https://a.example")),
        ] {
            answers.push(house.send(method, path, &[header]).await);
        }
        let query = if path.contains('?') { '&' } else { '?' };
        answers.push(house.get(&format!("{path}{query}page=0&include=x&page=1")).await);
        answers.push(house.get(&format!("{path}{query}x=%ff")).await);
        answers.push(house.get(&format!("{path}{query}{}", "x".repeat(9000))).await);
        for answer in answers {
            assert_sealed(&answer, path);
            statuses.insert(answer.status.as_u16());
        }
    }
    let refused = house.send(Method::GET, "/api/v1/pokemon?sort=favorites", &[("authorization", "Bearer x")]);
    let refused = refused.await;
    assert_sealed(&refused, "a bad token");
    statuses.insert(refused.status.as_u16());
    for status in [200, 204, 304, 400, 401, 404, 405, 414, 422] {
        assert!(statuses.contains(&status), "no sample was answered {status}, only {statuses:?}");
    }
}

#[tokio::test]
async fn an_outage_is_sealed_too() {
    let house = without_an_engine().await;
    for name in ["list-pokemon", "list-types", "get-pokemon", "get-type", "get-readiness"] {
        let answer = house.get(sample(name)).await;
        assert_eq!(answer.status, 503, "{name}");
        let _ = problem(&answer, name);
    }
}

async fn asked_as(house: &House, path: &str, id: &str) -> Answer {
    house.send(Method::GET, path, &[("x-request-id", id)]).await
}

#[tokio::test]
async fn a_well_formed_request_id_is_kept() {
    let house = House::seeded().await;
    let longest = "x".repeat(64);
    for id in [
        "12345678",
        "abc_DEF-123",
        "01J9ZQ4Y3N8X7W6V5T4S3R2Q1P",
        "0b7e3f0c-9d5a-4e6f-8a1b-2c3d4e5f6071",
        &longest,
    ] {
        for path in ["/api/v1/pokemon/types", "/api/v1/missingno", "/api/v1/pokemon?page=0"] {
            let answer = asked_as(&house, path, id).await;
            assert_eq!(answer.header("x-request-id"), Some(id), "{path}");
            if !answer.status.is_success() {
                assert_eq!(problem(&answer, path)["request_id"], id);
            }
        }
    }
}

#[tokio::test]
async fn any_other_request_id_is_replaced() {
    let house = House::seeded().await;
    let (too_long, huge) = ("x".repeat(65), "x".repeat(5000));
    for id in [
        "",
        "1234567",
        &too_long,
        &huge,
        "with space",
        "with,comma",
        "dots.and.dots",
        "equals==",
        "12345678;",
        "%0d%0aset-cookie:x",
        "<script>alert(1)</script>",
        "\"quoted-id\"",
        "../../etc/passwd",
        "tab\there1",
    ] {
        let answer = asked_as(&house, "/api/v1/missingno", id).await;
        assert_ne!(answer.header("x-request-id"), Some(id));
        let _ = problem(&answer, id);
    }
    for line in [
        "x-request-id: Pok\u{e9}mon-id-\u{2640}",
        "x-request-id: 12345678\r\nx-request-id: 87654321",
        "x-request-id: 12345678\r\n\tfolded",
    ] {
        let answer = house.raw("GET", "/api/v1/missingno", &format!("{line}\r\n")).await;
        // A folded line is not valid HTTP any more: the server itself may reject it.
        if answer.status != 400 {
            assert_eq!(answer.status, 404, "{line}");
            let id = problem(&answer, line)["request_id"].clone();
            assert!(id != "12345678" && id != "87654321", "{line}");
        }
    }
}

#[tokio::test]
async fn no_two_answers_share_an_id() {
    let house = House::seeded().await;
    let mut seen = HashSet::new();
    for _ in 0..300 {
        let answer = house.get("/api/v1/health").await;
        assert!(seen.insert(answer.header("x-request-id").unwrap_or_default().to_owned()));
    }
}

/// Lambda sends only the first value of a repeated header.
#[tokio::test]
async fn no_answer_has_a_header_twice() {
    const ORIGIN: &str = "https://pokedex.example";
    let mut statuses = HashSet::new();
    for route in routes::all() {
        let users = Home::of(&route.spec).await;
        let client = adapters::aws::at(&users.url);
        let cors_origins = vec![HeaderValue::from_static(ORIGIN)];
        let mut config = users.config();
        config.door.cors_origins = cors_origins;
        let app = App::new(config, || client);
        let mut sample = users.fill(&event(&route));
        sample["headers"]["origin"] = json!(ORIGIN);
        let mut events = vec![sample.clone()];
        for (field, value) in
            [("authorization", "Bearer x"), ("if-none-match", "*"), ("idempotency-key", "k")]
        {
            let mut event = sample.clone();
            event["headers"][field] = json!(value);
            events.push(event);
        }
        let mut bodyless = sample.clone();
        bodyless["body"] = json!("{");
        // A limit refuses the last requests of a route that has one.
        events.extend(vec![bodyless; 8]);
        for event in events {
            let event = serde_json::from_value(event).expect("an event");
            let response = door::answer::answer(&app, &route, event).await;
            statuses.insert(response.status().as_u16());
            let headers = response.headers();
            for name in headers.keys().filter(|name| *name != header::SET_COOKIE) {
                let values: Vec<_> = headers.get_all(name).iter().collect();
                assert_eq!(values.len(), 1, "{} {}: {name}: {values:?}", route.spec.name, response.status());
            }
            assert_eq!(headers["access-control-allow-origin"], ORIGIN, "{}", route.spec.name);
        }
    }
    for status in [200, 201, 304, 401, 404, 429] {
        assert!(statuses.contains(&status), "no route answered {status}, only {statuses:?}");
    }
}

#[tokio::test]
async fn no_response_reveals_the_servers_software() {
    let house = House::seeded().await;
    for path in ["/api/v1/pokemon", "/api/v1/missingno", "/api/version"] {
        let answer = house.get(path).await;
        for name in ["server", "x-powered-by", "via", "set-cookie"] {
            assert_eq!(answer.header(name), None, "{name} of {path}");
        }
    }
    let answer = House::at(&SeededEngine::get().url, Config::new("no-such-table"))
        .await
        .get("/api/v1/pokemon/25")
        .await;
    let text = String::from_utf8(answer.body).unwrap();
    for secret in ["no-such-table", "DynamoDB", "127.0.0.1", "ResourceNotFound"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
