//! The Lambda side of the door: every event gets a response.

use adapters::aws;
use api::{
    App, Config, Route,
    routes::{self, GET_EVOLUTIONS, GET_HEALTH, GET_MOVE, GET_POKEMON, LIST_POKEMON},
};
use local::tables::CATALOG;
use serde_json::{Value, json, value::RawValue};
use tests::{SeededEngine, assert_sealed, event, invoke, invoke_event, problem};

fn app() -> App {
    App::new(Config::new(CATALOG), || aws::at(&SeededEngine::get().url))
}

/// The event of `route`'s sample, modified.
fn changed(route: &Route, change: impl FnOnce(&mut Value)) -> Value {
    let mut event = event(route);
    change(&mut event);
    event
}

#[tokio::test]
async fn every_route_answers_the_event_that_the_gateway_makes_for_it() {
    let app = app();
    for route in tests::for_everybody() {
        let answer = invoke_event(&app, &route, &event(&route)).await;
        let expected = if route.spec.name == "answer-unknown" { 404 } else { 200 };
        assert_eq!(answer.status, expected, "{}", route.spec.name);
        assert_sealed(&answer, route.spec.name);
        let _ = answer.json();
        assert_eq!(
            answer.header("x-request-id"),
            Some("JKJaXmPLvHcESHA"),
            "the gateway's, without its padding"
        );
    }
}

#[tokio::test]
async fn an_answer_by_lambda_is_the_answer_over_http() {
    let (app, house) = (app(), tests::House::seeded().await);
    for route in tests::for_everybody() {
        let path = tests::sample(route.spec.name);
        let (by_lambda, mut over_http) =
            (invoke_event(&app, &route, &event(&route)).await, house.get(path).await);
        if route.spec.name == "answer-unknown" {
            assert_eq!(by_lambda.json()["detail"], over_http.json()["detail"]);
            continue;
        }
        assert_eq!(by_lambda.body, over_http.body, "{path}");
        for name in ["date", "content-length", "x-request-id"] {
            over_http.headers.remove(name);
        }
        let mut headers = by_lambda.headers.clone();
        headers.remove("x-request-id");
        assert_eq!(headers, over_http.headers, "{path}");
    }
}

#[tokio::test]
async fn an_invalid_event_is_400() {
    let app = app();
    for payload in ["{}", "null", "true", "1", "-1e400", "\"event\"", "[]", "[[],{}]", "{\"a\":{\"b\":[]}}"] {
        let payload = RawValue::from_string(payload.to_owned()).unwrap();
        let answer = invoke(&app, &GET_HEALTH, &payload).await;
        assert_eq!(answer.status, 400, "{payload}");
        assert_eq!(problem(&answer, payload.get())["code"], "bad_request", "{payload}");
    }
    let deep = RawValue::from_string(format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)));
    if let Ok(deep) = deep {
        assert_eq!(invoke(&app, &GET_HEALTH, &deep).await.status, 400);
    }
}

#[tokio::test]
async fn a_null_field_counts_as_absent() {
    let app = app();
    for name in
        ["version", "routeKey", "rawPath", "rawQueryString", "cookies", "headers", "body", "isBase64Encoded"]
    {
        for event in [
            changed(&GET_POKEMON, |event| event[name] = Value::Null),
            changed(&GET_POKEMON, |event| drop(event.as_object_mut().unwrap().remove(name))),
        ] {
            let answer = invoke_event(&app, &GET_POKEMON, &event).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["name"]), (200, &json!("pikachu")), "{name}");
        }
    }
    let least = json!({"requestContext": {"http": {"method": "GET"}}, "pathParameters": {"id": "25"}});
    assert_eq!(invoke_event(&app, &GET_POKEMON, &least).await.json()["name"], "pikachu");
}

#[tokio::test]
async fn a_missing_path_parameter_is_404() {
    let app = app();
    for parameters in
        [json!(null), json!({}), json!({"name": "pikachu"}), json!({"id": ""}), json!({"ID": "25"})]
    {
        let event = changed(&GET_POKEMON, |event| event["pathParameters"] = parameters);
        let answer = invoke_event(&app, &GET_POKEMON, &event).await;
        assert_eq!(answer.status, 404);
        let _ = problem(&answer, "no parameter");
    }
}

#[tokio::test]
async fn a_field_of_another_type_is_400() {
    let app = app();
    for (pointer, value) in [
        ("/rawPath", json!(1)),
        ("/rawQueryString", json!(["a"])),
        ("/headers", json!("a: b")),
        ("/headers", json!([])),
        ("/headers/host", json!(1)),
        ("/headers/host", json!(["a"])),
        ("/pathParameters", json!(["id", "25"])),
        ("/pathParameters/id", json!(25)),
        ("/pathParameters/id", json!(null)),
        ("/requestContext", json!("x")),
        ("/requestContext/http", json!(1)),
        ("/requestContext/http/method", json!({})),
        ("/requestContext/requestId", json!(1)),
        ("/isBase64Encoded", json!("true")),
        ("/isBase64Encoded", json!(1)),
    ] {
        let event = changed(&GET_POKEMON, |event| *event.pointer_mut(pointer).unwrap() = value.clone());
        let answer = invoke_event(&app, &GET_POKEMON, &event).await;
        assert_eq!(answer.status, 400, "{pointer} {value}");
        let _ = problem(&answer, pointer);
    }
}

#[tokio::test]
async fn an_invalid_method_is_400() {
    let app = app();
    for method in ["", " ", "G ET", "GET\r\n", "♀", "<>"] {
        let event = changed(&GET_HEALTH, |event| event["requestContext"]["http"]["method"] = json!(method));
        assert_eq!(invoke_event(&app, &GET_HEALTH, &event).await.status, 400, "{method:?}");
    }
}

#[tokio::test]
async fn header_names_match_in_any_case() {
    let app = app();
    let with =
        |name: &str, value: &str| changed(&LIST_POKEMON, |event| event["headers"][name] = json!(value));
    for name in ["authorization", "Authorization", "AUTHORIZATION"] {
        let mut event = with(name, "Bearer x");
        event["rawQueryString"] = json!("sort=favorites");
        let answer = invoke_event(&app, &LIST_POKEMON, &event).await;
        assert_eq!(answer.status, 401, "{name}: a caller with a bad token is not an anonymous one");
    }
    let answer = invoke_event(&app, &LIST_POKEMON, &with("X-Request-ID", "from-the-client")).await;
    assert_eq!(answer.header("x-request-id"), Some("from-the-client"));
    let answer = invoke_event(&app, &LIST_POKEMON, &with("If-None-Match", "*")).await;
    assert_eq!(answer.status, 304);
}

#[tokio::test]
async fn a_body_in_base64_is_decoded_and_a_broken_one_is_400() {
    let app = app();
    let with = |body: &str| {
        changed(&GET_HEALTH, |event| (event["body"], event["isBase64Encoded"]) = (json!(body), json!(true)))
    };
    for body in ["", "e30=", "//79", "AAECAwQ="] {
        assert_eq!(invoke_event(&app, &GET_HEALTH, &with(body)).await.status, 200, "{body:?}");
    }
    for body in ["e30", "e30==", "*", "♀", "e3 0=", "{}", "=", "e30=\n"] {
        let answer = invoke_event(&app, &GET_HEALTH, &with(body)).await;
        assert_eq!(answer.status, 400, "{body:?}");
        assert_eq!(problem(&answer, body)["errors"][0]["field"], "body", "{body:?}");
    }
}

#[tokio::test]
async fn a_raw_query_that_is_not_a_valid_uri_is_accepted() {
    let app = app();
    for (query, total) in [
        ("search=mr mime", 1),
        ("search=\"", 0),
        ("search=<", 0),
        ("search=nidoran♀", 1),
        ("search={}|\\^`", 0),
        ("search=#pika", 0),
        ("search=a\nb", 0),
        ("search=pikachu&x=\u{0}", 1),
        ("ids=1,2&%=%", 2),
    ] {
        let event = changed(&LIST_POKEMON, |event| event["rawQueryString"] = json!(query));
        let answer = invoke_event(&app, &LIST_POKEMON, &event).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.json());
        assert_eq!(answer.json()["pagination"]["total"], total, "{query}");
    }
}

#[tokio::test]
async fn a_path_parameter_is_not_decoded_twice() {
    let app = app();
    for name in [
        "a?ids=1",
        "25?include=x",
        "25#x",
        "..",
        ".",
        "/",
        "../25",
        "2%35",
        "%2541",
        "♀♂",
        "mr missing",
        "<",
        "\"",
        "\u{0}",
        "25\n",
        "25 x",
    ] {
        for route in [GET_POKEMON, GET_EVOLUTIONS] {
            let event = changed(&route, |event| event["pathParameters"]["id"] = json!(name));
            let answer = invoke_event(&app, &route, &event).await;
            assert_eq!(answer.status, 404, "{name:?}: {}", answer.json());
            let _ = problem(&answer, name);
        }
    }
}

#[tokio::test]
async fn odd_headers_do_not_break_the_answer() {
    let app = app();
    for (name, value) in [
        ("host", "a b"),
        ("host", ""),
        ("host", "\r\nset-cookie: a=b"),
        ("origin", "https://a.example\r\nx: y"),
        ("if-none-match", "♀, \u{0}"),
        ("x-forwarded-for", ",,,"),
        ("no such name \u{0}", "\u{7f}"),
        ("", ""),
        ("cookie", "♀=♂; ;;"),
        ("content-length", "-1"),
    ] {
        let event = changed(&GET_POKEMON, |event| event["headers"][name] = json!(value));
        let answer = invoke_event(&app, &GET_POKEMON, &event).await;
        assert_eq!(answer.status, 200, "{name:?}: {value:?}");
        assert_eq!(answer.header("set-cookie"), None);
    }
    for id in [
        "12345678\r\nset-cookie: a=b",
        "12345678\n",
        "♀♀♀♀♀♀♀♀",
        "1234 5678",
        "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
    ] {
        let event = changed(&GET_MOVE, |event| {
            event["headers"]["x-request-id"] = json!(id);
            event["requestContext"]["requestId"] = json!(id);
        });
        let answer = invoke_event(&app, &GET_MOVE, &event).await;
        assert_sealed(&answer, id);
        assert_ne!(answer.header("x-request-id"), Some(id));
    }
}

#[tokio::test]
async fn huge_input_gets_a_small_response() {
    let app = app();
    let huge = "♀x".repeat(1 << 20);
    for (pointer, status) in [
        ("/rawQueryString", 414),
        ("/pathParameters/id", 404),
        ("/rawPath", 200),
        ("/routeKey", 200),
        ("/headers/host", 200),
        ("/requestContext/requestId", 200),
        ("/requestContext/http/method", 400),
    ] {
        let event = changed(&GET_POKEMON, |event| *event.pointer_mut(pointer).unwrap() = json!(huge));
        let answer = invoke_event(&app, &GET_POKEMON, &event).await;
        assert_eq!(answer.status, status, "{pointer}");
        assert!(answer.body.len() < 5000, "{pointer}: {} bytes", answer.body.len());
    }
    let headers: serde_json::Map<_, _> = (0..20_000).map(|n| (format!("x-{n}"), json!("y"))).collect();
    let event = changed(&GET_POKEMON, |event| event["headers"] = headers.into());
    assert_eq!(invoke_event(&app, &GET_POKEMON, &event).await.status, 200);
    let event = changed(&routes::ANSWER_UNKNOWN, |event| event["rawPath"] = json!(huge));
    assert!(invoke_event(&app, &routes::ANSWER_UNKNOWN, &event).await.body.len() < 5000);
}
