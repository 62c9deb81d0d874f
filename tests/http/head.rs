//! HEAD: a GET without its body, on every GET route.

use adapters::aws;
use api::{
    App, Config, Route,
    routes::{self},
};
use door::route::{Access, Authorization, DEFAULT};
use http::Method;
use local::tables::CATALOG;
use serde_json::json;
use tests::{Answer, House, SampleUsers, SeededEngine, event, exchange_text, invoke_event, sample};

/// The headers that do not depend on the moment or the request.
fn lasting(answer: &Answer) -> http::HeaderMap {
    let mut headers = answer.headers.clone();
    for name in ["date", "x-request-id"] {
        headers.remove(name);
    }
    headers
}

async fn assert_same(house: &House, path: &str, headers: &[(&str, &str)]) -> u16 {
    let get = house.send(Method::GET, path, headers).await;
    let head = house.send(Method::HEAD, path, headers).await;
    assert_eq!(head.status, get.status, "HEAD {path}");
    assert!(head.body.is_empty(), "HEAD {path} has a body");
    let (of_get, of_head) = (lasting(&get), lasting(&head));
    assert_eq!(of_head, of_get, "HEAD {path}");
    get.status.as_u16()
}

fn of_get() -> impl Iterator<Item = Route> {
    routes::all().into_iter().filter(|route| route.spec.method == Method::GET && route.spec.path != DEFAULT)
}

#[tokio::test]
async fn head_has_the_status_and_headers_of_get_on_every_route() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    for route in of_get() {
        let path = sample(route.spec.name);
        let token = match route.spec.access {
            Access::Admin => users.admin_token(),
            _ => users.token(),
        };
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str())];
        // The age of the last sync depends on the moment.
        if route.spec.name != "get-readiness" {
            assert_eq!(assert_same(&house, path, &headers).await, 200, "{path}");
        }
        let shown = house.raw("HEAD", path, &format!("authorization: {authorization}\r\n")).await;
        assert_eq!(shown.status, 200, "{path}");
        let length: usize =
            shown.header("content-length").and_then(|text| text.parse().ok()).unwrap_or_default();
        assert!(length > 10, "HEAD {path} states the length of what GET answers: {length}");
    }
}

#[tokio::test]
async fn head_is_rejected_like_get() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    for route in of_get().filter(|route| route.spec.authorization == Authorization::Checked) {
        let path = sample(route.spec.name);
        assert_eq!(assert_same(&house, path, &[]).await, 401, "{path}");
        assert_eq!(assert_same(&house, path, &[("authorization", "Bearer x")]).await, 401, "{path}");
        if route.spec.access == Access::Admin {
            let authorization = format!("Bearer {}", users.token());
            assert_eq!(
                assert_same(&house, path, &[("authorization", authorization.as_str())]).await,
                403,
                "{path}"
            );
        }
    }
    let etag = house.get("/api/v1/pokemon/25").await.header("etag").unwrap().to_owned();
    let long = format!("/api/v1/pokemon?{}", "x".repeat(9000));
    let elsewhere = format!("/api/v1/users/{}/favorites", users.oak);
    let authorization = format!("Bearer {}", users.token());
    for (path, header, status) in [
        ("/api/v1/pokemon/25", ("if-none-match", etag.as_str()), 304),
        ("/api/v1/pokemon/25", ("if-none-match", "\"another\""), 200),
        ("/api/v1/pokemon/missingno", ("x", "y"), 404),
        ("/api/v1/pokemon?page=0", ("x", "y"), 422),
        ("/api/v1/pokemon?search=%ff", ("x", "y"), 400),
        ("/api/v1/%ff", ("x", "y"), 400),
        ("/api/v1/missingno", ("x", "y"), 404),
        (&long, ("x", "y"), 414),
        (&elsewhere, ("authorization", authorization.as_str()), 403),
    ] {
        assert_eq!(assert_same(&house, path, &[header]).await, status, "{path}");
    }
    let outage = House::at("http://127.0.0.1:1", Config::new("nowhere")).await;
    assert_eq!(assert_same(&outage, "/api/v1/pokemon", &[]).await, 503);
}

#[tokio::test]
async fn head_of_a_path_without_get_is_405() {
    let house = House::seeded().await;
    for path in ["/api/v1/auth/login", "/api/v1/auth/register", "/api/v1/auth/export"] {
        let answer = house.raw("HEAD", path, "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("allow")),
            (405, Some(tests::allowed_at(path).as_str()))
        );
        assert!(!tests::allowed_at(path).contains("HEAD"), "{path}");
    }
    assert_eq!(tests::allowed_at("/api/v1/pokemon/25"), "DELETE, GET, HEAD, OPTIONS, PUT");
    assert_eq!(tests::allowed_at("/api/v1/pokemon/types"), "GET, HEAD, OPTIONS");
}

#[tokio::test]
async fn a_response_to_head_ends_with_its_headers() {
    let house = House::seeded().await;
    for path in ["/api/v1/pokemon", "/api/v1/missingno", "/"] {
        let requests = format!(
            "HEAD {path} HTTP/1.1\r\nhost: a\r\n\r\nGET /api/version HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        );
        let answers = exchange_text(&house.base, requests.as_bytes()).await;
        let (_, rest) = answers.split_once("\r\n\r\n").expect("a head");
        assert!(rest.starts_with("HTTP/1.1 200 OK"), "HEAD {path}: {answers}");
    }
}

#[tokio::test]
async fn a_function_answers_head_without_a_body() {
    let app = App::new(Config::new(CATALOG), || aws::at(&SeededEngine::get().url));
    for route in tests::for_everybody() {
        let get = event(&route);
        let mut head = get.clone();
        head["requestContext"]["http"]["method"] = json!("HEAD");
        head["routeKey"] = json!(format!("HEAD {}", route.spec.path));
        let (get, head) = (invoke_event(&app, &route, &get).await, invoke_event(&app, &route, &head).await);
        let name = route.spec.name;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{name}");
        let mut headers = lasting(&head);
        let length = headers.remove("content-length").expect("a length");
        assert_eq!(headers, lasting(&get), "{name}");
        if !tests::OF_THE_MOMENT.contains(&name) {
            assert_eq!(length, get.body.len().to_string().as_str(), "{name}");
        }
    }
}
