//! Guarantees of every response and of every problem.

use serde_json::Value;

use crate::Answer;

/// `Cache-Control` of every catalogue response.
pub const CATALOGUE: &str = "public, max-age=60, s-maxage=3600, stale-while-revalidate=86400";

/// The headers of every response, whatever its status.
const SEALS: [(&str, &str); 7] = [
    ("x-api-version", "v1"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ("referrer-policy", "no-referrer"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
];

/// Asserts that each of these headers occurs exactly once, with its value; that the response has a request id; and that an allowed origin
/// may read every header.
///
/// # Panics
/// If a header is missing, doubled or different; the other functions here panic likewise.
pub fn assert_sealed(answer: &Answer, what: &str) {
    for (name, value) in SEALS {
        let values: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(values, [value], "{name} of {what}");
    }
    let id = answer.header("x-request-id").unwrap_or_default();
    let well_formed = (8..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    assert!(well_formed, "{what} has the request id {id:?}");
    assert_exposed(answer, what);
}

/// Headers that browsers show to every origin (Fetch, "CORS-safelisted response-header name"), and those of the connection.
const SHOWN: [&str; 9] = [
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
    "connection",
    "transfer-encoding",
];

/// Asserts that an allowed origin may read every header of the response.
pub fn assert_exposed(answer: &Answer, what: &str) {
    if answer.header("access-control-allow-origin").is_none() {
        return;
    }
    let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_ascii_lowercase();
    let exposed: Vec<_> = exposed.split(", ").collect();
    for name in answer.headers.keys().map(|name| name.as_str()) {
        let is_shown = SHOWN.contains(&name) || name.starts_with("access-control-");
        assert!(is_shown || exposed.contains(&name), "{what} hides {name}: {exposed:?}");
    }
}

/// The body of a response that must be a complete, sealed problem that is never cached.
#[must_use]
pub fn problem(answer: &Answer, what: &str) -> Value {
    assert_sealed(answer, what);
    assert!(answer.status.is_client_error() || answer.status.is_server_error(), "{what}: {}", answer.status);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    assert_eq!(answer.header("etag"), None, "{what}");
    let body = answer.json();
    let text = |name: &str| {
        let text = body[name].as_str().unwrap_or_else(|| panic!("{what}: no text {name:?} in {body}"));
        assert!(!text.is_empty(), "{what}: an empty {name:?} in {body}");
        text
    };
    assert_eq!(text("type"), format!("urn:pokedex:problem:{}", text("code")), "{what}");
    assert_eq!(text("title"), answer.status.canonical_reason().unwrap_or_default(), "{what}");
    assert_eq!(text("message"), text("detail"), "{what}");
    assert_eq!(text("request_id"), answer.header("x-request-id").unwrap_or_default(), "{what}");
    assert_eq!(body["status"], answer.status.as_u16(), "{what}");
    for error in body["errors"].as_array().into_iter().flatten() {
        assert!(error["field"].is_string() && error["message"].is_string(), "{what}: {error}");
    }
    body
}
