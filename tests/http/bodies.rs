//! Request bodies: for any body, the response names the error and repeats nothing of the body.

use api::{App, Config, routes};
use door::route::Access;
use http::Method;
use serde_json::{Value, json};
use tests::{SampleUsers, event, invoke_event, problem, sample_event};

#[tokio::test]
async fn every_malformed_body_gets_a_response() {
    let users = SampleUsers::new().await;
    let client = adapters::aws::at(&users.url);
    let app = App::new(users.without_limits(), || client);
    let deep = format!("{}{}", "{\"a\":".repeat(10_000), "1");
    let long = format!("{{\"username\":\"{}\"}}", "x".repeat(1 << 20));
    let deep_within = format!("{{\"username\":{}1", "[".repeat(10_000));
    let just_long = format!("{{\"username\":\"{}\"}}", "x".repeat((1 << 20) - 15));
    assert_eq!(just_long.len(), 1 << 20);
    let too_long = format!("{just_long} ");
    let odd: [(&str, &str, u16); 20] = [
        (&deep_within, "username", 422),
        (&just_long, "", 422),
        (&too_long, "body", 413),
        ("{\"username\":{\"a\":\"\u{202e}e\u{301}\"}}", "username", 422),
        ("", "body", 400),
        ("null", "body", 400),
        ("[]", "body", 400),
        ("\"text\"", "body", 400),
        ("{", "body", 400),
        ("{}{}", "body", 400),
        ("{\"username\":\"\\ud800\"}", "body", 400),
        ("{\"username\":\"a\u{0}b\"}", "body", 400),
        ("{'username':'ash'}", "body", 400),
        ("username=ash&password=x", "body", 400),
        (&deep, "a", 422),
        (&long, "body", 413),
        ("{\"username\":\"ash\",\"username\":\"misty\"}", "username", 422),
        ("{\"username\":[\"ash\"]}", "username", 422),
        ("{\"username\":{\"$ne\":null}}", "username", 422),
        ("{\"username\":true,\"password\":1}", "username", 422),
    ];
    for route in [routes::REGISTER_USER, routes::LOGIN_USER] {
        for (body, field, status) in odd {
            let mut event = event(&route);
            event["body"] = body.into();
            let answer = invoke_event(&app, &route, &event).await;
            let shown: String = body.chars().take(60).collect();
            let reported = problem(&answer, &shown);
            assert_eq!(answer.status, status, "{shown}: {reported}");
            let fields: Vec<_> =
                reported["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
            // A body that fits is read, and has its own error.
            assert!(field.is_empty() || fields.contains(&&json!(field)), "{shown}: {fields:?}");
            assert!(!reported.to_string().contains("misty"), "{reported}");
        }
    }
    let mut invalid = event(&routes::LOGIN_USER);
    invalid["body"] = "/w==".into();
    invalid["isBase64Encoded"] = true.into();
    assert_eq!(
        invoke_event(&app, &routes::LOGIN_USER, &invalid).await.status,
        400,
        "a byte that is not UTF-8"
    );
}

#[tokio::test]
async fn every_route_with_a_body_refuses_fields_that_it_does_not_know() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    for route in routes::all() {
        let event = users.fill(&sample_event(route.spec.name));
        let Some(body) = event["body"].as_str() else { continue };
        let mut body: Value = serde_json::from_str(body).unwrap();
        body["is_superuser"] = json!(true);
        let token = if route.spec.access == Access::Admin { users.admin_token() } else { users.token() };
        let method: Method = route.spec.method.clone();
        let answer = house.call(method, event["rawPath"].as_str().unwrap(), Some(&token), Some(&body)).await;
        let reported = problem(&answer, route.spec.name);
        assert_eq!(
            (answer.status.as_u16(), &reported["errors"][0]["field"]),
            (422, &json!("is_superuser")),
            "{reported}"
        );
    }
}

/// The routes that may have a body, each with its sample event, which has a body even if the route does not read it.
fn with_bodies() -> impl Iterator<Item = (api::Route, Value)> {
    routes::all().into_iter().filter(|route| route.spec.method != Method::GET).map(|route| {
        let mut event = event(&route);
        if event.get("body").is_none_or(Value::is_null) {
            event["body"] = json!("{}");
        }
        (route, event)
    })
}

#[tokio::test]
async fn a_body_that_is_not_json_is_415_on_every_route() {
    let app = App::new(Config::new(local::tables::CATALOG), || adapters::aws::at("http://127.0.0.1:1"));
    for (route, event) in with_bodies() {
        for (header, values) in [
            (
                "content-type",
                &[
                    "text/plain",
                    "text/plain;charset=UTF-8",
                    "application/x-www-form-urlencoded",
                    "multipart/form-data; boundary=x",
                    "application/xml",
                    "application/json, text/plain",
                    "application/+json",
                    "application/jsonp",
                    "text/x+json",
                    "json",
                    "/",
                ][..],
            ),
            (
                "content-encoding",
                &["gzip", "br", "deflate", "zstd", "GZIP", "identity, gzip", "aws-chunked"][..],
            ),
        ] {
            for value in values {
                let mut event = event.clone();
                event["headers"][header] = json!(value);
                let answer = invoke_event(&app, &route, &event).await;
                let what = format!("{} with {header}: {value}", route.spec.name);
                let reported = problem(&answer, &what);
                assert_eq!(
                    (answer.status.as_u16(), &reported["code"], &reported["errors"][0]["field"]),
                    (415, &json!("unsupported_media_type"), &json!(header)),
                    "{what}"
                );
                // A request without a body needs no content type.
                event["body"] = json!("");
                assert_ne!(invoke_event(&app, &route, &event).await.status, 415, "{what} and no body");
            }
        }
        let mut long = event.clone();
        long["body"] = json!(format!("{{{}}}", " ".repeat(1 << 20)));
        assert_eq!(invoke_event(&app, &route, &long).await.status, 413, "{}", route.spec.name);
    }
}

#[tokio::test]
async fn a_json_body_is_read_under_every_json_content_type() {
    let users = SampleUsers::new().await;
    let client = adapters::aws::at(&users.url);
    let app = App::new(users.without_limits(), || client);
    let route = routes::LOGIN_USER;
    let body = json!({"username": "ash_ketchum", "password": tests::PASSWORD}).to_string();
    let ask = async |change: &dyn Fn(&mut Value)| {
        let mut event = event(&route);
        event["body"] = json!(body);
        change(&mut event);
        invoke_event(&app, &route, &event).await.status.as_u16()
    };
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=\"UTF-8\"",
        "application/vnd.pokedex.v1+json",
        "application/problem+json ; profile=x",
        "",
        " ",
    ] {
        assert_eq!(ask(&|event| event["headers"]["content-type"] = json!(kind)).await, 200, "{kind:?}");
    }
    let without = |event: &mut Value| drop(event["headers"].as_object_mut().unwrap().remove("content-type"));
    assert_eq!(ask(&without).await, 200, "an absent type is JSON");
    for coding in ["identity", "Identity", ""] {
        assert_eq!(
            ask(&|event| event["headers"]["content-encoding"] = json!(coding)).await,
            200,
            "{coding:?}"
        );
    }
    let malformed = |event: &mut Value| {
        without(event);
        event["body"] = json!("username=ash_ketchum");
    };
    assert_eq!(ask(&malformed).await, 400, "malformed JSON");
}

#[tokio::test]
async fn a_byte_order_mark_is_ignored() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let body = format!("\u{feff}{}", json!({"username": "ash_ketchum", "password": tests::PASSWORD}));
    let send = async |body: String| {
        let headers = [("content-type", "application/json")];
        house.send_body(Method::POST, "/api/v1/auth/login", &headers, body).await
    };
    assert_eq!(send(body.clone()).await.status, 200);
    let twice = send(format!("\u{feff}{body}")).await;
    assert_eq!(
        (twice.status.as_u16(), &problem(&twice, "two marks")["errors"][0]["field"]),
        (400, &json!("body"))
    );
    // On routes whose body is optional, a byte order mark alone counts as an absent body.
    let token = users.token();
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer =
        house.send_body(Method::DELETE, "/api/v1/auth/profile", &headers, "\u{feff}".to_owned()).await;
    assert_eq!(problem(&answer, "a mark alone")["errors"][0]["field"], "password");
}

/// Values of every JSON type, as JSON text.
const VALUES: [&str; 11] =
    ["null", "true", "\"x\"", "[]", "[{}]", "{}", "1.5", "-1", "4294967296", "18446744073709551616", "1e400"];

/// Whether the JSON text `value` has a different JSON type from `original`, or is a number that may be out of range.
fn is_of_another_type(value: &str, original: &Value) -> bool {
    let parsed: Option<Value> = serde_json::from_str(value).ok();
    parsed.is_none_or(|parsed| {
        parsed.is_number() || std::mem::discriminant(&parsed) != std::mem::discriminant(original)
    })
}

/// The sample body with the value at each place replaced by a marker, together with the original value of
/// that place.
fn places(body: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    let mut pointers: Vec<String> = vec![String::new()];
    while let Some(pointer) = pointers.pop() {
        let value = body.pointer(&pointer).expect("a value");
        match value {
            Value::Object(fields) => pointers.extend(fields.keys().map(|name| format!("{pointer}/{name}"))),
            Value::Array(items) => {
                pointers.extend((0..items.len().min(1)).map(|nth| format!("{pointer}/{nth}")));
            }
            _ => {}
        }
        if !pointer.is_empty() {
            let mut marked = body.clone();
            *marked.pointer_mut(&pointer).expect("a value") = json!("MARK");
            places.push((marked.to_string(), value.clone()));
        }
    }
    places
}

#[tokio::test]
async fn errors_name_json_types_and_never_those_of_rust() {
    let rust = has_one_of(&[
        "u8", "u16", "u32", "u64", "i64", "usize", "f64", "struct", "sequence", "str", "map", "boolean",
        "expected", "Option",
    ]);
    let users = SampleUsers::new().await;
    let client = adapters::aws::at(&users.url);
    let app = App::new(users.without_limits(), || client);
    let mut kinds = std::collections::BTreeSet::new();
    let samples = routes::all().into_iter().filter_map(|route| {
        let body = sample_event(route.spec.name)["body"].as_str().map(serde_json::from_str)?;
        Some((route, body.unwrap()))
    });
    let stats = json!({
        "hp": 1, "attack": 1, "defense": 1, "special-attack": 1, "special-defense": 1, "speed": 1,
    });
    let others = [
        (routes::UPDATE_USER, json!({"is_admin": true, "is_frozen": true})),
        (routes::UPDATE_POKEMON, json!({"height": 1, "abilities": ["static"], "stats": stats})),
    ];
    for (route, whole) in samples.chain(others) {
        let sample = users.fill(&sample_event(route.spec.name));
        for (marked, original) in places(&whole) {
            for value in VALUES.into_iter().filter(|value| is_of_another_type(value, &original)) {
                let mut event = sample.clone();
                event["body"] = json!(marked.replace("\"MARK\"", value));
                let answer = invoke_event(&app, &route, &event).await;
                if answer.status != 422 {
                    continue;
                }
                for error in problem(&answer, value)["errors"].as_array().unwrap() {
                    let message = error["message"].as_str().unwrap();
                    assert!(!rust(message), "{} of {}: {message}", event["body"], route.spec.name);
                    kinds.insert(message.to_owned());
                }
            }
        }
    }
    for message in [
        "must be a whole number",
        "must be a whole number from 0 to 4294967295",
        "must be a smaller number",
        "must be a string",
        "must be an array",
        "must be true or false",
        "must be an object",
    ] {
        assert!(kinds.contains(message), "{message}: {kinds:#?}");
    }
}

/// Whether a message contains one of `words`.
fn has_one_of(words: &'static [&'static str]) -> impl Fn(&str) -> bool {
    |message| message.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| words.contains(&word))
}
