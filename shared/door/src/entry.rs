//! The entry points of routes, by access.

use http::StatusCode;

use crate::{
    access, edge,
    idempotency::{self, Replay},
    kernel::Kernel,
    limiter,
    limits::RateLimitStatus,
    problem::{BUSY, Problem, REPEATED},
    request::Request,
    response::Response,
    route::Route,
};

/// Serves all clients, without a rate limit. Does not check the `Authorization` header.
pub async fn open<A: AsRef<Kernel>>(
    app: &A,
    route: &Route<A>,
    request: &mut Request,
) -> Result<Response, Problem> {
    edge::check(&app.as_ref().config, request)?;
    (route.handler)(app, request).await
}

/// Serves all clients, within the route's rate limit. Does not check the `Authorization` header.
pub async fn limited<A: AsRef<Kernel>>(
    app: &A,
    route: &Route<A>,
    request: &mut Request,
) -> Result<Response, Problem> {
    edge::check(&app.as_ref().config, request)?;
    let status = limiter::limit(app.as_ref(), &route.spec, request).await?;
    with_status(status, (route.handler)(app, request).await)
}

/// Serves signed-in users. The route's limit comes after authorization: a request that is rejected takes nothing from the
/// user's bucket.
pub async fn private<A: AsRef<Kernel>>(
    app: &A,
    route: &Route<A>,
    request: &mut Request,
) -> Result<Response, Problem> {
    edge::check(&app.as_ref().config, request)?;
    request.caller = Some(access::admit(app.as_ref(), &route.spec, request).await?);
    let status = limiter::limit(app.as_ref(), &route.spec, request).await?;
    with_status(status, once(app, route, request).await)
}

/// Adds the rate limit's state to the response, whether it is a success or a problem.
fn with_status(
    status: Option<RateLimitStatus>,
    answer: Result<Response, Problem>,
) -> Result<Response, Problem> {
    let Some(status) = status else { return answer };
    match answer {
        Ok(mut response) => {
            status.add_headers(&mut response);
            Ok(response)
        }
        Err(problem) => Err(Problem { limit: problem.limit.or(Some(status)), ..problem }),
    }
}

/// Calls the route's handler, unless the request's idempotency key has a receipt: then the change is not repeated.
async fn once<A: AsRef<Kernel>>(
    app: &A,
    route: &Route<A>,
    request: &mut Request,
) -> Result<Response, Problem> {
    let ticket = idempotency::ticket(&route.spec, request, request.caller()?)?;
    let Some(ticket) = ticket else { return (route.handler)(app, request).await };
    match idempotency::replay(app.as_ref(), request, &ticket).await? {
        Replay::Answer(response) => return Ok(response),
        Replay::Done(status) => return again(app, route, request, status).await,
        Replay::None => request.ticket = Some(ticket.clone()),
    }
    let busy = match (route.handler)(app, request).await {
        // Another request with the same key was faster: its receipt exists now.
        Err(Problem { code: REPEATED, .. }) => None,
        // Requests with the same key may be the cause.
        Err(problem) if problem.code == BUSY => Some(problem),
        other => return other,
    };
    match (idempotency::replay(app.as_ref(), request, &ticket).await?, busy) {
        (Replay::Answer(response), _) => Ok(response),
        (Replay::Done(status), _) => again(app, route, request, status).await,
        (Replay::None, Some(busy)) => Err(busy),
        (Replay::None, None) => {
            request.ticket = None;
            (route.handler)(app, request).await
        }
    }
}

/// Rebuilds the response to a change that was completed and answered with `status`.
async fn again<A>(
    app: &A,
    route: &Route<A>,
    request: &mut Request,
    status: StatusCode,
) -> Result<Response, Problem> {
    (request.ticket, request.repeated) = (None, Some(status));
    (route.handler)(app, request).await
}
