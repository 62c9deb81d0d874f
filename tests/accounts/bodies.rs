//! Bodies: whatever is sent, the answer names what is wrong, and repeats nothing of it.

use api::{App, Config, routes};
use http::Method;
use serde_json::{Value, json};
use tests::{Residents, event, invoke_event, problem, sample_event};

#[tokio::test]
async fn no_body_is_too_odd_to_be_answered() {
    let residents = Residents::new().await;
    let client = adapters::aws::at(&residents.url);
    let app = App::new(Config { limits: None, ..residents.config() }, || client);
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
            let told = problem(&answer, &shown);
            assert_eq!(answer.status, status, "{shown}: {told}");
            let fields: Vec<_> =
                told["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
            // What fits is read, and wrong in a way of its own.
            assert!(field.is_empty() || fields.contains(&&json!(field)), "{shown}: {fields:?}");
            assert!(!told.to_string().contains("misty"), "{told}");
        }
    }
    let mut invalid = event(&routes::LOGIN_USER);
    invalid["body"] = "/w==".into();
    invalid["isBase64Encoded"] = true.into();
    assert_eq!(
        invoke_event(&app, &routes::LOGIN_USER, &invalid).await.status,
        400,
        "a byte that is no UTF-8"
    );
}

#[tokio::test]
async fn every_route_with_a_body_refuses_fields_that_it_does_not_know() {
    let residents = Residents::new().await;
    let house = residents.house().await;
    for route in routes::all() {
        let event = residents.fill(&sample_event(route.spec.name));
        let Some(body) = event["body"].as_str() else { continue };
        let mut body: Value = serde_json::from_str(body).unwrap();
        body["is_superuser"] = json!(true);
        let token = if route.spec.access == routes::Access::Admin {
            residents.admin_token()
        } else {
            residents.token()
        };
        let method: Method = route.spec.method.clone();
        let answer = house.call(method, event["rawPath"].as_str().unwrap(), Some(&token), Some(&body)).await;
        let told = problem(&answer, route.spec.name);
        assert_eq!(
            (answer.status.as_u16(), &told["errors"][0]["field"]),
            (422, &json!("is_superuser")),
            "{told}"
        );
    }
}
