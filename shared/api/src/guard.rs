//! What holds for every request and every answer, whatever the route.

use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::{
    Event, Request, Response,
    config::Config,
    problem::Problem,
    routes::{Access, Spec},
};

/// Headers of every answer.
const ALWAYS: [(HeaderName, HeaderValue); 7] = [
    (HeaderName::from_static("x-api-version"), HeaderValue::from_static("v1")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains")),
];

/// The client's request id where it is well-formed (8 to 64 letters, digits, `-` and `_`), else the gateway's, else
/// one of our own.
pub(crate) fn request_id(event: &Event) -> String {
    let well_formed = |id: &&String| {
        (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    // The gateway's own ids (`JKJaXmPLvHcESHA=`) have an `=`.
    let plain = |id: &String| id.trim_end_matches('=').to_owned();
    let given = event.headers.get("x-request-id").filter(well_formed).cloned();
    given
        .or_else(|| Some(plain(&event.request_context.request_id)).filter(|id| well_formed(&id)))
        .unwrap_or_else(|| format!("{:032x}", fastrand::u128(..)))
}

/// What is refused before any work: whom the route is for, and who asks.
pub(crate) fn check(spec: &Spec, request: &Request) -> Result<(), Problem> {
    match spec.access {
        Access::Public => {}
    }
    // A bad token is never silently anonymous. No tokens are issued yet, so every one is bad.
    if request.header("authorization").is_some() {
        let detail = "The access token is not valid.";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", detail));
    }
    Ok(())
}

/// Adds to an answer what every answer has.
pub(crate) fn seal(response: &mut Response, config: &Config, id: &str, origin: Option<&str>) {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if config.cors_origins.is_empty() {
        return;
    }
    // A shared cache must not hand one origin's permission to another, nor its absence.
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let allowed = origin.and_then(|origin| config.cors_origins.iter().find(|known| *known == origin));
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("ETag, Retry-After, X-Request-ID, X-API-Version"),
        );
    }
}
