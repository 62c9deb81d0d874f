//! Events as API Gateway sends them, and the door through which Lambda answers them.

use api::{App, Route};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use door::answer::LONGEST;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json, value::RawValue};

use crate::{Answer, sample_event};

/// The event of a route's sample request, as the HTTP API makes it (payload format 2.0).
#[must_use]
pub fn event(route: &Route) -> Value {
    sample_event(route.spec.name)
}

/// The response to `payload`, taken from Lambda's response.
///
/// # Panics
/// If that is not a response of the HTTP API: status, headers, a text body.
pub async fn invoke(app: &App, route: &Route, payload: &RawValue) -> Answer {
    let response = door::lambda::invoke(app, route, payload, LONGEST, None).await;
    let wire = serde_json::to_value(&response).expect("a response that can be sent");
    let status = wire["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).expect("a status");
    assert_eq!(wire["cookies"], json!([]));
    let mut headers = HeaderMap::new();
    for (name, value) in wire["headers"].as_object().expect("headers") {
        let value = value.as_str().expect("a header's text");
        headers.insert(
            name.parse::<HeaderName>().expect("a header's name"),
            HeaderValue::from_str(value).expect(value),
        );
    }
    let body = wire["body"].as_str().expect("a body");
    let body = match wire["isBase64Encoded"].as_bool().expect("whether it is") {
        true => STANDARD.decode(body).expect("base64"),
        false => body.as_bytes().to_vec(),
    };
    Answer { status, headers, body }
}

/// Like [`invoke`], with an event.
pub async fn invoke_event(app: &App, route: &Route, event: &Value) -> Answer {
    let payload = RawValue::from_string(event.to_string()).expect("JSON");
    invoke(app, route, &payload).await
}
