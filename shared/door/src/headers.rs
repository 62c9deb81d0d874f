//! The headers of every response.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{config::Config, response::Response};

/// The headers of every response.
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

/// Adds the headers of every response, and joins repeated headers.
pub(crate) fn seal(response: &mut Response, config: &Config, id: &str, origin: Option<&str>) {
    let headers = response.headers_mut();
    add_common(headers, config, id, origin);
    join_repeated(headers);
}

/// Joins the values of repeated headers, as RFC 9110 (5.3) allows: Lambda sends only the first of them. Cookies stay separate: they
/// cannot be joined, and Lambda has a separate list for them.
fn join_repeated(headers: &mut HeaderMap) {
    let is_repeated = |name: &&HeaderName| headers.get_all(*name).iter().nth(1).is_some();
    let repeated: Vec<_> =
        headers.keys().filter(is_repeated).filter(|name| *name != header::SET_COOKIE).cloned().collect();
    for name in repeated {
        let values: Vec<_> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(joined) = HeaderValue::from_bytes(&values.join(&b", "[..])) {
            headers.insert(name, joined);
        }
    }
}

fn add_common(headers: &mut HeaderMap, config: &Config, id: &str, origin: Option<&str>) {
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
    // A shared cache must not serve one origin's permission, or its absence, to another origin.
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let allowed = origin.and_then(|origin| config.cors_origins.iter().find(|known| *known == origin));
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        if let Some(exposed) = exposed(headers) {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }
}

/// Headers that a script of another origin reads without permission (Fetch, "CORS-safelisted response-header name").
const SAFELISTED: [HeaderName; 7] = [
    header::CACHE_CONTROL,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::PRAGMA,
];

/// Headers that only some responses have, and the server's `Date`. They are exposed by every response, so that the list of
/// a 304 does not hide a header of the stored response that it renews.
const SOMETIMES: &str = "Allow, Content-Disposition, Content-Location, Date, ETag, Idempotency-Replayed, Location, Retry-After, \
    WWW-Authenticate, X-API-Version, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-ID";

/// `Access-Control-Expose-Headers`: every header of this response that a browser hides by default, and [`SOMETIMES`].
fn exposed(headers: &HeaderMap) -> Option<HeaderValue> {
    let is_named = |name: &str| SOMETIMES.split(", ").any(|one| one.eq_ignore_ascii_case(name));
    let is_for_cors = |name: &str| name.starts_with("access-control-");
    let mut list = SOMETIMES.to_owned();
    for name in headers.keys().filter(|name| !SAFELISTED.contains(name)) {
        if !is_named(name.as_str()) && !is_for_cors(name.as_str()) {
            list.push_str(", ");
            list.push_str(name.as_str());
        }
    }
    HeaderValue::try_from(list).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_headers_are_joined_and_cookies_are_not() {
        let mut response = Response::new("".into());
        for (name, value) in [("vary", "Accept-Encoding"), ("set-cookie", "a=1"), ("set-cookie", "b=2")] {
            response.headers_mut().append(name, HeaderValue::from_static(value));
        }
        let mut config = Config::new("table");
        config.cors_origins = vec![HeaderValue::from_static("https://a.example")];
        seal(&mut response, &config, "12345678", Some("https://a.example"));
        let all = |name: &str| response.headers().get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(all("vary"), ["Accept-Encoding, Origin"]);
        assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
    }
}
