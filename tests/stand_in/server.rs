//! The HTTP side: lists, details, 304s and faults.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::body::Outgoing;
use super::fault::Fault;
use super::state::{Seen, State, resource};

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const DEFAULT_LIMIT: usize = 20;

/// Serves until it is aborted, which also ends its connections: they are tasks of its set.
pub(super) async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        // This removes finished tasks: a long test would keep all of them.
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Loopback would delay the second packet of a response by 40 ms.
        let _ = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&state), request));
            // An error here is a dropped or cut connection, which is scripted or caused by the client.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> io::Result<Response<Outgoing>> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let seen = seen(target, &request);
    let if_none_match = seen.if_none_match.clone();
    let in_flight = state.arrive(seen);
    let (fault, wait) = state.next_fault(target);
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let response = if request.method() != Method::GET {
        page(StatusCode::METHOD_NOT_ALLOWED)
    } else if let Some(fault) = fault {
        misbehave(fault, &state, target, if_none_match.as_deref()).await?
    } else {
        conditional(find(&state, target), if_none_match.as_deref())
    };
    in_flight.answered(response.status().as_u16());
    Ok(response.map(|body| body.counting(in_flight)))
}

fn seen(target: &str, request: &Request<Incoming>) -> Seen {
    let text = |headers: &HeaderMap, name: HeaderName| Some(headers.get(name)?.to_str().ok()?.to_owned());
    Seen {
        method: request.method().to_string(),
        path: target.to_owned(),
        user_agent: text(request.headers(), header::USER_AGENT),
        if_none_match: text(request.headers(), header::IF_NONE_MATCH),
        status: None,
    }
}

async fn misbehave(
    fault: Fault,
    state: &State,
    target: &str,
    if_none_match: Option<&str>,
) -> io::Result<Response<Outgoing>> {
    let status = |code| StatusCode::from_u16(code).expect("scripts use HTTP's status codes");
    Ok(match fault {
        Fault::Status(code) => page(status(code)),
        Fault::RetryAfter(code, after) => with(page(status(code)), header::RETRY_AFTER, &after),
        Fault::DropConnection => return Err(io::Error::other("the connection is dropped, as scripted")),
        Fault::CutBody => match find(state, target) {
            Some(found) => {
                let length = found.body.len().to_string();
                let response = found.response(Outgoing::cut(found.body.clone()));
                with(response, header::CONTENT_LENGTH, &length)
            }
            None => page(StatusCode::NOT_FOUND),
        },
        Fault::NotJson => page(StatusCode::OK),
        Fault::Body(value) => conditional(Some(Found::new(&value, &state.origin)), None),
        Fault::Huge(bytes) => typed(StatusCode::OK, JSON, Outgoing::huge(bytes)),
        Fault::Redirect(location) => with(page(StatusCode::FOUND), header::LOCATION, &location),
        Fault::Slow(wait) => {
            tokio::time::sleep(wait).await;
            conditional(find(state, target), if_none_match)
        }
    })
}

/// The resource at a path.
struct Found {
    body: Bytes,
    etag: String,
    media_type: &'static str,
}

impl Found {
    /// The ETag does not depend on the port: a world that is served again is unchanged.
    fn new(value: &Value, origin: &str) -> Self {
        let text = value.to_string();
        let hash = Sha256::digest(text.replace(origin, ""));
        let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { body: text.into(), etag: format!("W/\"{hex}\""), media_type: JSON }
    }

    fn response(&self, body: Outgoing) -> Response<Outgoing> {
        let response = with(typed(StatusCode::OK, self.media_type, body), header::ETAG, &self.etag);
        with(response, header::CACHE_CONTROL, "public, max-age=86400, s-maxage=86400")
    }
}

fn conditional(found: Option<Found>, if_none_match: Option<&str>) -> Response<Outgoing> {
    let Some(found) = found else { return page(StatusCode::NOT_FOUND) };
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let known =
        if_none_match.is_some_and(|tags| tags.split(',').any(|tag| strong(tag) == strong(&found.etag)));
    if !known {
        return found.response(Outgoing::whole(found.body.clone()));
    }
    let mut response = found.response(Outgoing::whole(Bytes::new()));
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().remove(header::CONTENT_TYPE);
    response
}

fn find(state: &State, target: &str) -> Option<Found> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if let Some((bytes, media_type)) = state.file(path) {
        let etag = format!("\"{:x}\"", Sha256::digest(&bytes));
        return Some(Found { body: bytes.into(), etag, media_type });
    }
    let value = if resource(path).is_some() { state.document(path) } else { list(state, path, query) };
    Some(Found::new(&value?, &state.origin))
}

fn list(state: &State, path: &str, query: &str) -> Option<Value> {
    let kind = path.strip_prefix("/api/v2/")?.trim_end_matches('/');
    let rows = state.rows(kind)?;
    let number = |name| {
        let value = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
        value.and_then(|(_, digits)| digits.parse::<usize>().ok())
    };
    let limit = number("limit").filter(|limit| *limit > 0).unwrap_or(DEFAULT_LIMIT);
    let offset = number("offset").unwrap_or(0);
    let url = |offset| format!("{}/api/v2/{kind}/?offset={offset}&limit={limit}", state.origin);
    let after = offset.saturating_add(limit);
    Some(json!({
        "count": rows.len(),
        "next": (after < rows.len()).then(|| url(after)),
        "previous": (offset > 0).then(|| url(offset.saturating_sub(limit))),
        "results": rows.into_iter().skip(offset).take(limit).collect::<Vec<_>>(),
    }))
}

/// A small page of HTML that names the status, as proxies send it.
fn page(status: StatusCode) -> Response<Outgoing> {
    typed(status, HTML, Outgoing::whole(format!("<!doctype html><title>{status}</title>\n")))
}

fn typed(status: StatusCode, content_type: &str, body: Outgoing) -> Response<Outgoing> {
    let mut response = with(Response::new(body), header::CONTENT_TYPE, content_type);
    *response.status_mut() = status;
    response
}

fn with(mut response: Response<Outgoing>, name: HeaderName, value: &str) -> Response<Outgoing> {
    let value = value.parse().expect("headers are plain text");
    response.headers_mut().insert(name, value);
    response
}
