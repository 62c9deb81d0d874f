//! The door: takes any API Gateway v2 event and returns a response.
//!
//! The conversion is our own. The HTTP API decodes paths before a function receives them. General converters rebuild
//! a URL from the decoded path, which turns `/things/a%3Fids=1` into a query and can panic on a raw `<`. Path
//! parameters therefore come from `pathParameters`, and nothing rebuilds a URL.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::store::Meter;
use futures_util::FutureExt as _;
use http::{Method, StatusCode, header};
use lambda_http::aws_lambda_events::encodings::Base64Data;
use serde_json::value::RawValue;

use crate::{
    body::without_bom,
    event::Event,
    headers,
    kernel::Kernel,
    problem::Problem,
    request::{Request, parse_query},
    response::Response,
    route::Route,
    telemetry::{Effort, Events, Ids, RequestLine, trace_root},
};

/// The HTTP API's timeout, less the time that sending a response takes.
pub const LONGEST: Duration = Duration::from_millis(29_500);

/// Answers `event` with `route`. Never panics, and always returns a response. For use on one machine, where the client's
/// `X-Amzn-Trace-Id` is the only trace id.
pub async fn answer<A: AsRef<Kernel>>(app: &A, route: &Route<A>, event: Event) -> Response {
    let trace_id = event.headers.get("x-amzn-trace-id").and_then(|header| trace_root(header));
    answer_read(app, route, Ok(event), LONGEST, trace_id).await
}

/// Like [`answer`], for Lambda's payload: JSON that may not be an event. A request that takes longer than `time` answers 503; the
/// client can repeat it. `trace_id` is X-Ray's, from Lambda's context. The event's header holds the value that the client sent,
/// because HTTP APIs do not support X-Ray.
pub async fn answer_payload<A: AsRef<Kernel>>(
    app: &A,
    route: &Route<A>,
    payload: &RawValue,
    time: Duration,
    trace_id: Option<String>,
) -> Response {
    answer_read(app, route, read(payload), time, trace_id).await
}

/// Reads an event.
///
/// # Errors
/// A 400 problem that names the place of the error in the JSON.
pub(crate) fn read(payload: &RawValue) -> Result<Event, Problem> {
    let event = payload.get().trim_start();
    // Serde would accept an array as an event's fields in order.
    let read = match event.starts_with('{') {
        true => serde_json::from_str::<Event>(event).map_err(|error| Some((error.line(), error.column()))),
        false => Err(None),
    };
    read.map_err(|place| {
        let place =
            place.map(|(line, column)| format!(" (line {line}, column {column})")).unwrap_or_default();
        Problem::bad_request("event", format!("is not an API Gateway event of format 2.0{place}"))
    })
}

async fn answer_read<A: AsRef<Kernel>>(
    app: &A,
    route: &Route<A>,
    read: Result<Event, Problem>,
    time: Duration,
    trace_id: Option<String>,
) -> Response {
    let (mut event, refused) = match read {
        Ok(event) => (event, None),
        Err(problem) => (Event::default(), Some(problem)),
    };
    let started = Instant::now();
    let kernel = app.as_ref();
    let (cold_start, meter) = kernel.begin();
    let events = Arc::new(Events::default());
    event.lower_names();
    let id = event.request_id();
    let origin = event.headers.get("origin").cloned();
    let cdn_request_id = event.headers.get("x-amz-cf-id").filter(|id| is_cdn_id(id)).cloned();
    // A method is short, but a malformed event may hold a longer text.
    let method: String = event.request_context.http.method.chars().take(32).collect();
    let work = AssertUnwindSafe(async {
        if let Some(problem) = refused {
            return Err(problem);
        }
        let mut request = parse(event, id.clone(), Arc::clone(&meter), Arc::clone(&events))?;
        // The body of a GET request has no meaning and is ignored.
        if route.spec.method != Method::GET {
            request.check_body()?;
        }
        let done = tokio::time::timeout(time, (route.enter)(app, route, &mut request)).await;
        done.unwrap_or_else(|_| Err(Problem::unavailable(format!("it was not done within {time:?}"))))
    });
    let ids = Ids { request_id: id.clone(), trace_id };
    ids.scope(async {
        let answered = work.catch_unwind().await;
        let panicked = answered.is_err();
        let response = answered.unwrap_or_else(|_| Err(Problem::internal("the handler panicked")));
        if let Err(Problem { cause: Some(cause), .. }) = &response {
            tracing::error!(route = route.spec.name, cause, "the request failed");
        }
        let error_code = response.as_ref().err().map(|problem| problem.code);
        let mut response = response.unwrap_or_else(|problem| problem.into_response(&id));
        headers::seal(&mut response, &kernel.config, &id, origin.as_deref());
        if method == Method::HEAD.as_str() {
            remove_body(&mut response);
        }
        kernel.telemetry.request(&RequestLine {
            route: route.spec.name,
            method: &method,
            status: response.status().as_u16(),
            cdn_request_id: cdn_request_id.as_deref(),
            effort: Effort::since(started, cold_start, meter.usage()),
            error_code,
            panicked,
            events: events.all(),
        });
        response
    })
    .await
}

/// Whether `id` has the form of CloudFront's ids: a client that bypasses it may send any text.
fn is_cdn_id(id: &str) -> bool {
    (8..=80).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte))
}

/// Answers `event` with `problem`, for requests that the gateway itself rejects.
pub fn refuse(kernel: &Kernel, event: &Event, problem: Problem) -> Response {
    let id = event.request_id();
    let mut response = problem.into_response(&id);
    headers::seal(&mut response, &kernel.config, &id, event.headers.get("origin").map(String::as_str));
    if event.request_context.http.method == Method::HEAD.as_str() {
        remove_body(&mut response);
    }
    response
}

/// Turns the response to a GET into the response to a HEAD: the same headers without the body, whose length stays in
/// `Content-Length` (RFC 9110, 9.3.2).
pub fn remove_body(response: &mut Response) {
    let length = std::mem::take(response.body_mut()).len();
    let has_content = ![StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&response.status());
    if has_content {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
}

fn parse(event: Event, id: String, meter: Arc<Meter>, events: Arc<Events>) -> Result<Request, Problem> {
    let method = Method::from_bytes(event.request_context.http.method.as_bytes())
        .map_err(|_| Problem::bad_request("method", "is not a valid HTTP method"))?;
    let query = parse_query(&event.raw_query_string)?;
    // No route reads cookies: a response that depended on one could be stored for all clients.
    let mut headers = event.headers;
    headers.remove("cookie");
    let body = if event.is_base64_encoded {
        let quoted = serde_json::Value::String(event.body);
        let data: Base64Data = serde_json::from_value(quoted)
            .map_err(|_| Problem::bad_request("body", "is not valid base64"))?;
        data.0
    } else {
        event.body.into_bytes()
    };
    Ok(Request {
        method,
        path: event.raw_path,
        params: event.path_parameters,
        query,
        headers,
        body: without_bom(body),
        client: event.request_context.http.source_ip,
        caller: None,
        ticket: None,
        repeated: None,
        id,
        meter,
        events,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_cannot_see_cookies() {
        let names = ["cookie", "accept"].map(|name| (name.to_owned(), "a=1".to_owned()));
        let mut event = Event { headers: names.into(), ..Event::default() };
        event.request_context.http.method = "GET".to_owned();
        let request = parse(event, String::new(), Arc::default(), Arc::default()).expect("a request");
        assert_eq!((request.header("cookie"), request.header("accept")), (None, Some("a=1")));
    }
}
