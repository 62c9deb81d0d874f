//! CORS: an exact list of origins, or nobody.

use api::Config;
use http::Method;
use local::tables::CATALOG;
use tests::{Answer, House, SeededEngine, assert_sealed, sample};

const KNOWN: &str = "https://pokedex.example";
const LOCAL: &str = "http://localhost:5173";

async fn house_for(origins: &[&str]) -> House {
    let mut config = Config::new(CATALOG);
    config.cors_origins = origins.iter().map(|origin| origin.parse().expect("an origin")).collect();
    House::at(&SeededEngine::get().url, config).await
}

fn permissions(answer: &Answer) -> Vec<String> {
    let names = answer.headers.keys().map(|name| name.as_str());
    names.filter(|name| name.starts_with("access-control-")).map(str::to_owned).collect()
}

/// Origins that a careless comparison would let in.
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
async fn a_stranger_gets_no_permission_and_never_a_star() {
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
        let asked = [
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "authorization,if-none-match"),
        ];
        let preflight = async |origin: Option<&str>| {
            let headers: Vec<_> = asked.into_iter().chain(origin.map(|origin| ("origin", origin))).collect();
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
async fn a_preflight_of_nothing_is_404() {
    let house = house_for(&[KNOWN]).await;
    let answer = house.send(Method::OPTIONS, "/api/v1/missingno", &[("origin", KNOWN)]).await;
    assert_eq!(answer.status, 404);
}
