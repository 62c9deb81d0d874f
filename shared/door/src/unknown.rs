//! `$default`: requests that match no other route. Returns 404, 405 with Allow, or the response to a CORS preflight.

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};

use crate::{
    kernel::Kernel,
    problem::Problem,
    request::Request,
    response::Response,
    route::{Spec, methods_at},
};

/// Answers a request that matches none of the routes `specs`.
///
/// # Errors
/// 404 for a path that no route has; 405 for one that has other methods.
pub fn answer(kernel: &Kernel, request: &Request, specs: &'static [Spec]) -> Result<Response, Problem> {
    let mut allowed = methods_at(specs, &request.path);
    // A path that matches a route only after decoding (`pokemon%2F25`) is not found: the gateway would have sent a match to that route.
    if allowed.is_empty() || allowed.contains(&request.method.as_str()) {
        let shown: String = request.path.chars().filter(|c| !c.is_control()).take(200).collect();
        return Err(Problem::not_found(format!("Path {shown} not found")));
    }
    allowed.push("OPTIONS");
    allowed.sort_unstable();
    let allow = allowed.join(", ");
    if request.method == Method::OPTIONS {
        return Ok(preflight(kernel, request, &allow));
    }
    let detail = format!("Method {} not allowed, use one of {allow}", request.method);
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
    Err(Problem { allow: Some(allow), ..problem })
}

/// Returns 204. Like every other response, it says whether the origin is allowed.
fn preflight(kernel: &Kernel, request: &Request, allow: &str) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if let Ok(allow) = HeaderValue::from_str(allow) {
        headers.insert(header::ALLOW, allow.clone());
        let origin = request.header("origin");
        if kernel.config.cors_origins.iter().any(|known| origin.is_some_and(|origin| *known == origin)) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow);
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static(
                    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-ID",
                ),
            );
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
        }
    }
    response
}
