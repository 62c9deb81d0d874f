//! Invalid input: every response is a problem that names the error, a 4xx, never a 5xx.

use api::routes::SPECS;
use door::route::{DEFAULT, Spec};
use serde_json::Value;
use tests::{Answer, House, is_for_everybody, problem, sample};

fn paths() -> impl Iterator<Item = &'static Spec> {
    SPECS.iter().filter(|spec| spec.path != DEFAULT && is_for_everybody(spec))
}

/// The path of a sample, without its query.
fn bare(spec: &Spec) -> &'static str {
    let sample = sample(spec.name);
    sample.split_once('?').map_or(sample, |(path, _)| path)
}

fn with_query(path: &str, query: &str) -> String {
    format!("{path}{}{query}", if path.contains('?') { '&' } else { '?' })
}

/// Asserts a complete 4xx response of this status.
fn assert_refused(answer: &Answer, status: u16, what: &str) -> Value {
    assert_eq!(answer.status.as_u16(), status, "{what}: {}", String::from_utf8_lossy(&answer.body));
    problem(answer, what)
}

/// Names that do not belong to any Pokémon, type, ability or move.
const NAMES: [&str; 25] = [
    "missingno",
    "a%2Fb",
    "%2F",
    "25%2F",
    "..%2F25",
    "25%3Fids=1",
    "25%23top",
    "%23",
    "%25",
    "%2525",
    "%",
    "%2",
    "%zz",
    ".",
    "..",
    "%2e%2e",
    "...",
    "mr+mime",
    "%3Cscript%3E",
    "%22quoted%22",
    "%00",
    "pikachu%00",
    "pikachu%0d%0aset-cookie:%20a=b",
    "%F0%9F%92%A9",
    "pika~chu",
];

#[tokio::test]
async fn an_unknown_name_is_404_in_any_spelling() {
    let house = House::seeded().await;
    let long = "x".repeat(101);
    let longer = "x".repeat(7000);
    for spec in paths().filter(|spec| spec.path.contains('{')) {
        let (before, rest) = spec.path.split_once('{').unwrap();
        let after = rest.split_once('}').unwrap().1;
        for name in NAMES.into_iter().chain([long.as_str(), longer.as_str()]) {
            let target = format!("{before}{name}{after}");
            let answer = house.raw("GET", &target, "").await;
            let problem = assert_refused(&answer, 404, &target);
            assert_eq!(problem["code"], "not_found", "{target}");
            let shown = problem["detail"].as_str().unwrap();
            assert!(shown.chars().count() < 300 && !shown.contains(char::is_control), "{target}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_path_or_query_that_is_not_utf8_is_400() {
    let house = House::seeded().await;
    for spec in paths() {
        let path = sample(spec.name);
        for bad in ["%ff", "%c0%af", "%ed%a0%80", "abc%80"] {
            let query = with_query(path, &format!("search={bad}"));
            let problem = assert_refused(&house.raw("GET", &query, "").await, 400, &query);
            assert_eq!(problem["errors"][0]["field"], "search", "{query}");
            let key = with_query(path, &format!("{bad}=1"));
            assert_refused(&house.raw("GET", &key, "").await, 400, &key);
            let target = format!("{}{bad}", bare(spec));
            let problem = assert_refused(&house.raw("GET", &target, "").await, 400, &target);
            assert_eq!(problem["errors"][0]["field"], "path", "{target}");
        }
    }
}

#[tokio::test]
async fn a_query_is_accepted_up_to_8_kb_and_rejected_beyond() {
    let house = House::seeded().await;
    for spec in paths() {
        let path = bare(spec);
        for harmless in
            ["a", "a=b=c", "&&&", "=", "%", "a[]=1", "x=%00", "x=<\">", "__proto__=1", "callback=alert"]
        {
            let answer = house.raw("GET", &format!("{path}?{harmless}"), "").await;
            // The server itself rejects a target that is not a valid address.
            let no_address = answer.status == 400 && answer.body.is_empty() && harmless.contains('<');
            assert!(answer.status == 200 || no_address, "{path}?{harmless}: {}", answer.status);
        }
        assert_eq!(house.raw("GET", &format!("{path}?{}", "x".repeat(8192)), "").await.status, 200, "{path}");
        let answer = house.raw("GET", &format!("{path}?{}", "x".repeat(9 << 10)), "").await;
        assert_refused(&answer, 414, path);
    }
}

#[tokio::test]
async fn another_method_is_405_with_the_allowed_methods() {
    let house = House::seeded().await;
    for spec in paths() {
        let path = sample(spec.name);
        let allowed = tests::allowed_at(path);
        // A PUT of `/pokemon/types` matches `/pokemon/{id}`.
        let plain = bare(spec);
        let is_free = |method: &&str| !SPECS.iter().any(|one| one.method == **method && one.matches(plain));
        for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", "M-SEARCH"]
            .into_iter()
            .filter(is_free)
        {
            let answer = house.raw(method, path, "").await;
            let problem = assert_refused(&answer, 405, &format!("{method} {path}"));
            assert_eq!(answer.header("allow"), Some(allowed.as_str()), "{method} {path}");
            assert_eq!(problem["code"], "method_not_allowed");
        }
        let body = "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        let answer = house.raw("PATCH", path, body).await;
        assert_eq!(answer.status, 405, "PATCH {path} with a body");
    }
}

#[tokio::test]
async fn an_unnecessarily_escaped_letter_is_decoded() {
    let house = House::seeded().await;
    for target in ["/api/v1/pok%65mon/25", "/%61pi/v1/pokemon/%32%35", "/api/v1/pokemon/pika%63hu"] {
        let answer = house.raw("GET", target, "").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["id"]), (200, &Value::from(25)), "{target}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_a_page_outside_the_api_and_404_otherwise() {
    let house = House::seeded().await;
    let deep = "/a".repeat(2000);
    for target in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/pokemon",
        "/api/v1/Pokemon",
        "/API/V1/POKEMON",
        "/.well-known",
        "/assets/missing",
        "/health",
        "/api/v1/pokemon/25/moves",
        "/api/v1/pokemon/25/evolutions/1",
        "/api/v1/types",
        "/api/v1/moves",
        "/api/v1/abilities",
        "/favicon.ico",
        "/.env",
        "/index.php",
        "/api/v1/openapi",
        "/api/v1/openapi.yaml",
        "/.well-known/security.txt",
        "/$default",
        "/{id}",
        "/api/v1/pokemon;x=1",
        "/api/v1/pokemon%3Fpage=1",
        "/api/v1%2Fpokemon",
        "/api%2Fv1%2Fpokemon",
        "/api/v1/pokemon%2F25",
        "/api/v1/pokemon%2F25%2Fevolutions",
        "//",
        "/..",
        "/./api/v1/pokemon",
        "/api/../api/v1/pokemon",
        "/api/v1/%70okemon%2f1",
        &deep,
    ] {
        for method in ["GET", "POST", "DELETE", "OPTIONS", "PURGE"] {
            let answer = house.raw(method, target, "").await;
            let is_page = api::web::is_page(&target.replace("%2F", "/"));
            if method == "GET" && is_page {
                assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{target}");
            } else if method == "GET" {
                assert_refused(&answer, 404, target);
            } else {
                // After decoding, a path may be one that another method has.
                assert!(
                    [204, 404, 405].contains(&answer.status.as_u16()),
                    "{method} {target}: {}",
                    answer.status
                );
            }
        }
    }
}

#[tokio::test]
async fn an_extra_slash_is_404() {
    let house = House::seeded().await;
    for spec in paths() {
        let path = bare(spec);
        for target in [
            format!("{path}/"),
            format!("{path}//"),
            format!("/{path}"),
            path.replacen("/v1", "//v1", 1)
                .replacen("/version", "//version", 1)
                .replacen("/jwks", "//jwks", 1),
            format!("{path}/?page=1"),
            format!("{path}/."),
            format!("{path}/.."),
        ] {
            let answer = house.raw("GET", &target, "").await;
            if target.starts_with("//") && answer.body.is_empty() {
                continue;
            }
            assert_refused(&answer, 404, &target);
        }
    }
}

#[tokio::test]
async fn an_invalid_token_is_401_where_the_answer_depends_on_the_caller() {
    let house = House::seeded().await;
    for path in ["/api/v1/pokemon?sort=favorites", "/api/v1/pokemon?sort=favorites_desc&per_page=1"] {
        for token in ["", "Bearer", "Bearer x", "Basic YTpi", "bearer eyJhbGciOiJub25lIn0.e30."] {
            let answer = house.raw("GET", path, &format!("authorization: {token}\r\n")).await;
            let problem = assert_refused(&answer, 401, &format!("{path} with {token:?}"));
            assert_eq!(problem["code"], "invalid_token");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{path}");
        }
        let refresh = house.raw("GET", path, "authorization: Bearer rt_abc\r\n").await;
        let problem = assert_refused(&refresh, 401, path);
        assert_eq!(problem["code"], "wrong_token_kind", "{path}");
        let answer = house.raw("GET", path, "AUTHORIZATION: Bearer x\r\n").await;
        assert_eq!(answer.status, 401, "{path}: a header's name has no case");
        let with_good_copy = house.raw("GET", path, "authorization: Bearer x\r\nif-none-match: *\r\n").await;
        assert_eq!(with_good_copy.status, 401, "{path}");
    }
    let answer = house.get("/api/v1/pokemon?access_token=x&token=y&authorization=Bearer%20x").await;
    assert_eq!(answer.status, 200, "a query carries no credentials: such keys are unknown, and ignored");
}

#[tokio::test]
async fn a_body_on_a_get_is_ignored_up_to_10_mb_and_rejected_beyond() {
    let house = House::seeded().await;
    let send = async |path: &str, bytes: usize| {
        let mut request =
            format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {bytes}\r\n\r\n");
        request.push_str(&"x".repeat(bytes));
        tests::exchange(&house.base, request.as_bytes(), false).await
    };
    for spec in paths() {
        let path = sample(spec.name);
        let answer = send(path, 1 << 20).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    assert_refused(&send("/api/v1/missingno", 1 << 20).await, 404, "an unknown path with a body");
    let problem =
        assert_refused(&send("/api/v1/pokemon", (10 << 20) + 1).await, 413, "a body of 10 MB and a byte");
    assert_eq!(problem["code"], "body_too_large");
    assert_eq!(house.get("/api/v1/health").await.status, 200, "and the server still answers");
}
