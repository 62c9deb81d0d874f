//! Rules for every request and every answer, whatever the route: the edge, the client's address, rate limits and headers.

use std::net::IpAddr;

use adapters::{milliseconds, store::Meter};
use http::{HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::{
    App, Event, Request, Response,
    config::Config,
    limits::{Limit, Seen},
    problem::Problem,
    routes::Spec,
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

/// Rejects requests that bypass the CDN, before any other work, and determines the client's address.
pub(crate) fn check_edge(app: &App, request: &mut Request) -> Result<(), Problem> {
    came_through_the_edge(&app.config, request)?;
    request.client = client(&app.config, request);
    Ok(())
}

/// 403 for an account that may do nothing until an administrator has looked at it.
pub(crate) fn frozen() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "account_frozen", "The account is frozen.")
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

/// The client, session or user whose bucket a request takes from.
pub(crate) fn subject(limit: Limit, request: &Request) -> Result<String, Problem> {
    Ok(match limit {
        Limit::Register | Limit::Login | Limit::Account | Limit::Refresh | Limit::Failure => {
            request.client.clone()
        }
        // Another session of the user, which somebody may have stolen, does not empty these.
        Limit::Logout | Limit::Password => {
            let caller = request.caller()?;
            format!("{} {}", caller.user, caller.session)
        }
        Limit::Write | Limit::Bulk => request.caller()?.user.to_string(),
    })
}

impl App {
    /// Takes one token from the bucket that `whom` has for `limit`. Returns `None` if rate limits are off.
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

/// Where the edge is told of, it alone is answered: it has looked at who comes, and says from where.
fn came_through_the_edge(config: &Config, request: &Request) -> Result<(), Problem> {
    if config.origin_verify.is_empty() {
        return Ok(());
    }
    let given = Sha256::digest(request.header("x-origin-verify").unwrap_or_default());
    // Of hashes, the time that a comparison takes tells nothing.
    if config.origin_verify.iter().any(|known| known[..] == given[..]) {
        return Ok(());
    }
    Err(Problem::forbidden("Requests come through the edge."))
}

/// Whom limits are for. Behind the edge, which adds the address that it sees to `X-Forwarded-For`, and the gateway that of the edge,
/// it is the second from the right; whatever stands before that, anybody may have written. Without an edge nothing of it counts.
fn client(config: &Config, request: &Request) -> String {
    let forwarded = match config.origin_verify.is_empty() {
        true => None,
        false => request.header("x-forwarded-for").and_then(|list| list.rsplit(',').nth(1)),
    };
    let address = forwarded.map_or(request.client.as_str(), str::trim);
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.to_string(),
        // A house has 64 bits for itself.
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => "unknown".to_owned(),
    }
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
            HeaderValue::from_static("ETag, Retry-After, X-Request-ID, X-API-Version, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset",
            ),
        );
    }
}
