//! Rules for every request and every response, on all routes: the CDN check, the client's address, rate limits and headers.

use std::net::IpAddr;

use adapters::{milliseconds, store::Meter};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::{
    App, Event, Request, Response,
    config::Config,
    limits::{Limit, Seen},
    problem::Problem,
    routes::Spec,
};

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

/// Returns the client's request id if it is well-formed (8 to 64 letters, digits, `-` and `_`), otherwise the gateway's,
/// otherwise a generated one.
pub(crate) fn request_id(event: &Event) -> String {
    let well_formed = |id: &&String| {
        (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    // The gateway's own ids (`JKJaXmPLvHcESHA=`) end with an `=`.
    let plain = |id: &String| id.trim_end_matches('=').to_owned();
    let given = event.headers.get("x-request-id").filter(well_formed).cloned();
    given
        .or_else(|| Some(plain(&event.request_context.request_id)).filter(|id| well_formed(&id)))
        .unwrap_or_else(|| format!("{:032x}", fastrand::u128(..)))
}

/// Rejects requests that bypass the CDN, before any other work, and determines the client's address.
pub(crate) fn check_edge(app: &App, request: &mut Request) -> Result<(), Problem> {
    came_through_the_edge(&app.config, request)?;
    request.client = client(&app.config, request);
    Ok(())
}

/// Returns 403 for an account that cannot change anything until an administrator unfreezes it.
pub(crate) fn frozen() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "account_frozen", "The account is frozen")
}

/// Takes one token from the route's bucket for this client. Signing out of a session that has ended takes none.
pub(crate) async fn limit(app: &App, spec: &Spec, request: &Request) -> Result<Option<Seen>, Problem> {
    let Some(limit) = spec.limit else { return Ok(None) };
    if request.caller.is_some_and(|caller| caller.has_ended) {
        return Ok(None);
    }
    match app.take(&request.meter, limit, &subject(limit, request)?).await? {
        Some(seen) if !seen.taken.is_allowed => Err(Problem { limit: Some(seen), ..seen.refusal() }),
        seen => Ok(seen),
    }
}

/// Returns the client, session or user whose bucket a request takes from.
pub(crate) fn subject(limit: Limit, request: &Request) -> Result<String, Problem> {
    Ok(match limit {
        Limit::Register | Limit::Login | Limit::SignIn | Limit::Account | Limit::Refresh | Limit::Failure => {
            request.client.clone()
        }
        // A bucket per session, so that another session of the user, perhaps a stolen one, cannot empty it.
        Limit::Logout | Limit::Password => {
            let caller = request.caller()?;
            format!("{} {}", caller.user, caller.session)
        }
        Limit::Write | Limit::Bulk => request.caller()?.user.to_string(),
    })
}

impl App {
    /// Takes one token from the bucket of `whom` for `limit`. Returns `None` if rate limits are off.
    pub(crate) async fn take(
        &self,
        meter: &Meter,
        limit: Limit,
        whom: &str,
    ) -> Result<Option<Seen>, Problem> {
        let Some(limits) = &self.config.limits else { return Ok(None) };
        let bucket = limits.bucket(limit);
        let taken = Box::pin(self.accounts().take(meter, bucket, whom, milliseconds())).await?;
        Ok(Some(Seen { bucket, taken }))
    }
}

/// Rejects requests that bypass the CDN, if one is configured: the CDN filters requests and reports the client's address.
fn came_through_the_edge(config: &Config, request: &Request) -> Result<(), Problem> {
    if config.origin_verify.is_empty() {
        return Ok(());
    }
    let given = Sha256::digest(request.header("x-origin-verify").unwrap_or_default());
    // The hashes need no constant-time comparison: its duration reveals nothing about the value.
    if config.origin_verify.iter().any(|known| known[..] == given[..]) {
        return Ok(());
    }
    Err(Problem::forbidden("Requests must go through the CDN"))
}

/// Returns the client's address for rate limits. The CDN appends the address that it sees to `X-Forwarded-For`, and the gateway
/// appends the CDN's; the client's address is therefore the second from the right. Any client can forge the entries to the left
/// of it. Without a CDN the header is ignored.
fn client(config: &Config, request: &Request) -> String {
    let forwarded = match config.origin_verify.is_empty() {
        true => None,
        false => request.header("x-forwarded-for").and_then(|list| list.rsplit(',').nth(1)),
    };
    let address = forwarded.map_or(request.client.as_str(), str::trim);
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.to_string(),
        // A household usually has a whole /64 network.
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => "unknown".to_owned(),
    }
}

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
const SOMETIMES: &str = "Allow, Content-Disposition, Content-Location, Date, ETag, Idempotency-Replayed, Retry-After, \
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
