//! The entry points of routes, by access. Each route names one, so that the binary of a public route does not link code
//! that only private routes need.

use http::StatusCode;

use crate::{
    App, Request, Response, Route, access, guard,
    idempotency::{self, Known, REPEATED},
    limits::Seen,
    problem::{BUSY, Problem},
};

/// Serves all clients, without a rate limit. Does not check the `Authorization` header.
pub(crate) async fn open(app: &App, route: &Route, request: &mut Request) -> Result<Response, Problem> {
    guard::check_edge(app, request)?;
    (route.handler)(app, request).await
}

/// Serves all clients, within the route's rate limit. Does not check the `Authorization` header.
pub(crate) async fn limited(app: &App, route: &Route, request: &mut Request) -> Result<Response, Problem> {
    guard::check_edge(app, request)?;
    let seen = guard::limit(app, &route.spec, request).await?;
    told(seen, (route.handler)(app, request).await)
}

/// Serves signed-in users. The route's limit comes after authorization: a request that is rejected takes nothing from the
/// user's bucket.
pub(crate) async fn private(app: &App, route: &Route, request: &mut Request) -> Result<Response, Problem> {
    guard::check_edge(app, request)?;
    request.caller = Some(access::admit(app, &route.spec, request).await?);
    let seen = guard::limit(app, &route.spec, request).await?;
    told(seen, once(app, route, request).await)
}

/// Adds the rate limit's state to the response, whether it is a success or a problem.
fn told(seen: Option<Seen>, answer: Result<Response, Problem>) -> Result<Response, Problem> {
    let Some(seen) = seen else { return answer };
    match answer {
        Ok(mut response) => {
            seen.tell(&mut response);
            Ok(response)
        }
        Err(problem) => Err(Problem { limit: problem.limit.or(Some(seen)), ..problem }),
    }
}

/// Calls the route's handler, unless the request's idempotency key has a receipt: then the change is not repeated.
async fn once(app: &App, route: &Route, request: &mut Request) -> Result<Response, Problem> {
    let ticket = idempotency::ticket(&route.spec, request, request.caller()?)?;
    let Some(ticket) = ticket else { return (route.handler)(app, request).await };
    match idempotency::known(app, request, &ticket).await? {
        Known::Answer(response) => return Ok(response),
        Known::Done(status) => return again(app, route, request, status).await,
        Known::Nothing => request.ticket = Some(ticket.clone()),
    }
    let busy = match (route.handler)(app, request).await {
        // Another request with the same key was faster: its receipt exists now.
        Err(Problem { code: REPEATED, .. }) => None,
        // Requests with the same key may be the cause.
        Err(problem) if problem.code == BUSY => Some(problem),
        other => return other,
    };
    match (idempotency::known(app, request, &ticket).await?, busy) {
        (Known::Answer(response), _) => Ok(response),
        (Known::Done(status), _) => again(app, route, request, status).await,
        (Known::Nothing, Some(busy)) => Err(busy),
        (Known::Nothing, None) => {
            request.ticket = None;
            (route.handler)(app, request).await
        }
    }
}

/// Rebuilds the response to a change that was completed and answered with `status`.
async fn again(
    app: &App,
    route: &Route,
    request: &mut Request,
    status: StatusCode,
) -> Result<Response, Problem> {
    (request.ticket, request.repeated) = (None, Some(status));
    (route.handler)(app, request).await
}
