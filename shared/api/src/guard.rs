//! What holds for every request and every answer, whatever the route.

use std::net::IpAddr;

use adapters::{milliseconds, now, store::Meter, tokens::RefreshToken};
use domain::{FieldError, accounts::Standing};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::{
    App, Event, Request, Response,
    config::Config,
    limits::{Limit, Seen},
    problem::Problem,
    request::Caller,
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

/// What is refused before any work on any route: whoever comes past the edge, or shows a token that is no good. Says who asks.
pub(crate) async fn let_in(app: &App, spec: &Spec, request: &mut Request) -> Result<(), Problem> {
    came_through_the_edge(&app.config, request)?;
    request.client = client(&app.config, request);
    // For a refresh, the header may hold the refresh token.
    if spec.access != Access::Refresh
        && let Some(header) = request.header("authorization")
    {
        // Boxed, as what only some requests need is below: the others' are small for it.
        let claims = Box::pin(app.verify(&request.meter, bearer(header)?)).await?;
        request.caller = Some(Caller { user: claims.sub, session: claims.sid, standing: None });
    }
    Ok(())
}

/// What the account of who asks may do, where the route needs to know.
pub(crate) async fn stand(app: &App, spec: &Spec, request: &mut Request) -> Result<(), Problem> {
    match spec.access {
        Access::Public | Access::Refresh => return Ok(()),
        Access::User if spec.method == Method::GET => return request.caller().map(|_| ()),
        Access::User | Access::Admin => {}
    }
    let caller = request.caller()?;
    let standing = standing(app, request, caller, spec.name == LOGOUT).await?;
    if spec.access == Access::Admin && !standing.is_admin {
        return Err(Problem::administrators_only());
    }
    request.caller = Some(Caller { standing: Some(standing), ..caller });
    Ok(())
}

/// Ends a session, and may be asked to more than once.
const LOGOUT: &str = "logout-user";

/// What the account of `caller` may do at this moment, in a session that goes on; unless `in_any_session`.
pub(crate) async fn standing(
    app: &App,
    request: &Request,
    caller: Caller,
    in_any_session: bool,
) -> Result<Standing, Problem> {
    let (accounts, meter) = (app.accounts(), &request.meter);
    let standing = Box::pin(accounts.standing(meter, caller.user)).await?;
    let standing = standing.ok_or_else(Problem::no_account)?;
    if standing.is_frozen {
        return Err(frozen());
    }
    if !in_any_session {
        let session = Box::pin(accounts.session(meter, caller.user, caller.session)).await?;
        if !session.is_some_and(|session| session.is_alive(now(), standing.epoch)) {
            return Err(Problem::bad_token("The session has ended"));
        }
    }
    Ok(standing)
}

/// 403 for an account that may do nothing until an administrator has looked at it.
pub(crate) fn frozen() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "account_frozen", "The account is frozen")
}

/// Takes one from the bucket of the route: the caller's, or that of the address.
pub(crate) async fn limit(app: &App, spec: &Spec, request: &Request) -> Result<Option<Seen>, Problem> {
    let Some(limit) = spec.limit else { return Ok(None) };
    let whom = match limit {
        Limit::Register | Limit::Login | Limit::Refresh => request.client.clone(),
        // A stranger is turned away without it.
        Limit::Account | Limit::Password | Limit::Write | Limit::Bulk => match request.caller {
            Some(caller) => caller.user.to_string(),
            None => return Ok(None),
        },
    };
    match app.take(&request.meter, limit, &whom).await? {
        Some(seen) if !seen.taken.is_allowed => Err(Problem { limit: Some(seen), ..seen.refusal() }),
        seen => Ok(seen),
    }
}

impl App {
    /// Takes one from the bucket that `whom` has for `limit`; none where nothing is limited.
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

/// The token of an `Authorization` header.
pub(crate) fn bearer(header: &str) -> Result<&str, Problem> {
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        let detail = "The Authorization header must be \"Bearer\" and an access token";
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", detail);
        return Err(Problem { challenge: Some("Bearer error=\"invalid_token\""), ..problem });
    }
    if RefreshToken::is_meant(token) {
        let error = FieldError::new("authorization", "must hold an access token, not a refresh token");
        return Err(Problem { code: "wrong_token_kind", ..Problem::invalid(vec![error]) });
    }
    Ok(token)
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
    Err(Problem::forbidden("Requests must go through the CDN"))
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

/// Adds the headers of every response.
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

/// `Access-Control-Expose-Headers`: every header of this response that a browser would hide, and [`SOMETIMES`].
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
