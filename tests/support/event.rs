//! Events as API Gateway sends them, and the door that Lambda opens for them.

use api::{App, Route, routes::DEFAULT};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json, value::RawValue};

use crate::{Answer, sample};

/// The event of a route's sample request, as the HTTP API makes it (payload format 2.0).
#[must_use]
pub fn event(route: &Route) -> Value {
    let sample = sample(route.spec.name);
    let (path, query) = sample.split_once('?').unwrap_or((sample, ""));
    let key = match route.spec.path {
        DEFAULT => DEFAULT.to_owned(),
        path => format!("GET {path}"),
    };
    let mut event = json!({
        "version": "2.0", "routeKey": key, "rawPath": path, "rawQueryString": query,
        "cookies": ["theme=dark", "seen=1"],
        "headers": {
            "accept": "application/json", "host": "abc123.execute-api.eu-central-1.amazonaws.com",
            "user-agent": "curl/8.5.0", "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
            "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443", "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012", "apiId": "abc123", "stage": "$default", "routeKey": key,
            "domainName": "abc123.execute-api.eu-central-1.amazonaws.com", "domainPrefix": "abc123",
            "http": {
                "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=", "time": "04/Mar/2026:19:15:17 +0000", "timeEpoch": 1_772_651_717_000_u64,
        },
        "isBase64Encoded": false,
    });
    let (own, given) = (route.spec.path.split('/'), path.split('/'));
    for (own, given) in own.zip(given) {
        if let Some(name) = own.strip_prefix('{').and_then(|own| own.strip_suffix('}')) {
            event["pathParameters"][name] = json!(given);
        }
    }
    event
}

/// What Lambda sends back for `payload`: the answer in it.
///
/// # Panics
/// When that is no response of the HTTP API: status, headers, a body of text.
pub async fn invoke(app: &App, route: &Route, payload: &RawValue) -> Answer {
    let response = api::lambda::invoke(app, route, payload).await;
    let wire = serde_json::to_value(&response).expect("a response that can be sent");
    let status = wire["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).expect("a status");
    assert_eq!(wire["isBase64Encoded"], false);
    assert_eq!(wire["cookies"], json!([]));
    let mut headers = HeaderMap::new();
    for (name, value) in wire["headers"].as_object().expect("headers") {
        let value = value.as_str().expect("a header's text");
        headers.insert(
            name.parse::<HeaderName>().expect("a header's name"),
            HeaderValue::from_str(value).expect(value),
        );
    }
    let body = wire["body"].as_str().expect("a body").as_bytes().to_vec();
    Answer { status, headers, body }
}

/// As [`invoke`], with an event.
pub async fn invoke_event(app: &App, route: &Route, event: &Value) -> Answer {
    let payload = RawValue::from_string(event.to_string()).expect("JSON");
    invoke(app, route, &payload).await
}
