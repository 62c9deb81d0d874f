//! The entry points of routes, by access. Each route names one, so that the binary of a public route does not link what only
//! private ones need.

use http::StatusCode;

use crate::{
    App, Request, Response, Route, access, guard,
    idempotency::{self, Known, REPEATED},
    limits::Seen,
    problem::Problem,
};

/// Serves everybody, without a limit. Does not look at the `Authorization` header.
pub(crate) async fn open(app: &App, route: &Route, request: &mut Request) -> Result<Response, Problem> {
    guard::check_edge(app, request)?;
    (route.handler)(app, request).await
}

/// Serves everybody, within the route's limit. Does not look at the `Authorization` header.
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

/// Tells of the limit, whatever the answer.
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

/// Has the route answer; what a key of the client's stands for already is not done again.
async fn once(app: &App, route: &Route, request: &mut Request) -> Result<Response, Problem> {
    let ticket = idempotency::ticket(&route.spec, request, request.caller()?)?;
    let Some(ticket) = ticket else { return (route.handler)(app, request).await };
    match idempotency::known(app, request, &ticket).await? {
        Known::Answer(response) => return Ok(response),
        Known::Done(status) => return again(app, route, request, status).await,
        Known::Nothing => request.ticket = Some(ticket.clone()),
    }
    match (route.handler)(app, request).await {
        // Another request with the same key was faster: what it was answered is there now.
        Err(Problem { code: REPEATED, .. }) => {}
        other => return other,
    }
    match idempotency::known(app, request, &ticket).await? {
        Known::Answer(response) => Ok(response),
        Known::Done(status) => again(app, route, request, status).await,
        Known::Nothing => {
            request.ticket = None;
            (route.handler)(app, request).await
        }
    }
}

/// Makes the answer again to what was done, and answered with `status`.
async fn again(
    app: &App,
    route: &Route,
    request: &mut Request,
    status: StatusCode,
) -> Result<Response, Problem> {
    (request.ticket, request.repeated) = (None, Some(status));
    (route.handler)(app, request).await
}
