//! Authentication and authorization: which user sends a request, and whether the route's access column lets that user in.
//!
//! Reading the account costs two calls. Requests that fail after them are limited by client address ([`Failures`]), and
//! take nothing from the user's own buckets.

use adapters::{
    now,
    tokens::{Claims, RefreshToken},
};
use domain::FieldError;
use futures_util::future::try_join;
use http::{Method, StatusCode};

use crate::{
    kernel::Kernel,
    limits::Limit,
    problem::Problem,
    request::{Caller, Request},
    route::{Access, Spec},
};

mod failures;

pub(crate) use failures::Failures;

/// Authenticates the request's caller and authorizes it for the route.
///
/// # Errors
/// 401 without a valid token, for a deleted account and for a session that has ended; 403 for a frozen account and for
/// another user's resources; 429 after too many such answers to one client address.
pub(crate) async fn admit(kernel: &Kernel, spec: &Spec, request: &Request) -> Result<Caller, Problem> {
    let claims = verify(kernel, request).await?;
    // Signing out of a session that has ended answers 200, even if the token is rejected for another reason as well.
    if spec.access != Access::Session {
        kernel.failures.check(&request.client, claims.sid)?;
    }
    let admitted = match read_caller(kernel, request, &claims).await {
        Ok(caller) => authorize(spec, request, caller),
        Err(problem) => Err(problem),
    };
    match admitted {
        Err(problem) if problem.status.is_client_error() => {
            Err(count_failure(kernel, request, &claims, problem).await)
        }
        other => other,
    }
}

/// Authenticates the caller of a request to a route that does not check tokens at the door. The session must be live.
///
/// # Errors
/// 401 without a valid token, for a deleted account and for a session that has ended.
pub async fn authenticate(kernel: &Kernel, request: &Request) -> Result<Caller, Problem> {
    // On these routes every invalid token answers 401, a refresh token too.
    let claims = verify(kernel, request).await.map_err(|problem| match problem.status {
        StatusCode::UNPROCESSABLE_ENTITY => Problem { status: StatusCode::UNAUTHORIZED, ..problem },
        _ => problem,
    })?;
    let caller = read_caller(kernel, request, &claims).await?;
    if caller.has_ended { Err(session_ended()) } else { Ok(caller) }
}

/// Verifies the request's access token, without reading the account.
async fn verify(kernel: &Kernel, request: &Request) -> Result<Claims, Problem> {
    let header = request.header("authorization").ok_or_else(Problem::unauthenticated)?;
    // Boxed, like the other futures below that only some requests need: the futures of the remaining requests stay small.
    Box::pin(kernel.verify(&request.meter, bearer(header)?)).await
}

/// Reads the account's current standing and its session, with two concurrent consistent reads.
async fn read_caller(kernel: &Kernel, request: &Request, claims: &Claims) -> Result<Caller, Problem> {
    let (accounts, meter, Claims { sub: user, sid: session, .. }) =
        (kernel.accounts(), &request.meter, claims);
    let (user, session) = (*user, *session);
    let reads = try_join(accounts.standing(meter, user), accounts.session(meter, user, session));
    let (standing, stored) = Box::pin(reads).await?;
    let standing = standing.filter(|standing| !standing.is_deleting).ok_or_else(Problem::no_account)?;
    let is_live = stored.is_some_and(|stored| stored.is_alive(now(), standing.epoch));
    Ok(Caller { user, session, standing, has_ended: !is_live })
}

fn authorize(spec: &Spec, request: &Request, caller: Caller) -> Result<Caller, Problem> {
    // Every account may sign out, a frozen one too.
    if spec.access == Access::Session {
        return Ok(caller);
    }
    if caller.has_ended {
        return Err(session_ended());
    }
    let is_read = spec.access != Access::Admin && spec.method == Method::GET;
    if caller.standing.is_frozen && !is_read {
        return Err(Problem::frozen());
    }
    let is_owner = || request.path_user() == Some(caller.user);
    match spec.access {
        Access::Admin if !caller.standing.is_admin => Err(Problem::administrators_only()),
        // The answer must not reveal whether the user exists.
        Access::Owner if !is_owner() => Err(Problem::forbidden("Access denied")),
        Access::OwnerOrAdmin if !caller.standing.is_admin && !is_owner() => {
            Err(Problem::forbidden("Access denied"))
        }
        _ => Ok(caller),
    }
}

/// Counts a request that authorization rejects, and returns its answer: `problem`, or 429 if the client's address has too
/// many failures.
async fn count_failure(kernel: &Kernel, request: &Request, claims: &Claims, problem: Problem) -> Problem {
    match kernel.take(&request.meter, Limit::Failure, &request.client).await {
        Ok(Some(status)) if !status.taken.is_allowed => {
            kernel.failures.add(&request.client, claims.sid, status);
            Problem::rate_limited(status)
        }
        Ok(limit) => Problem { limit, ..problem },
        Err(error) => error,
    }
}

fn session_ended() -> Problem {
    Problem::bad_token("The session has ended.")
}

/// Returns the token of an `Authorization` header.
fn bearer(header: &str) -> Result<&str, Problem> {
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        let detail = "The Authorization header must be \"Bearer\" and an access token.";
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", detail);
        return Err(Problem { challenge: Some("Bearer error=\"invalid_token\""), ..problem });
    }
    if RefreshToken::is_meant(token) {
        let error = FieldError::new("authorization", "holds a refresh token where an access token belongs");
        return Err(Problem { code: "wrong_token_kind", ..Problem::invalid(vec![error]) });
    }
    Ok(token)
}
