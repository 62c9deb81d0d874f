//! A front of a house: a proxy that records every request, and breaks some of them.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::net::TcpListener;

/// The way in which a request breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It never arrives, and the front answers with a page of this status.
    Status(u16),
    /// It takes effect, and its response is lost.
    Lost,
    /// It takes effect, and there is never a response.
    Endless,
}

/// The requests that break.
#[derive(Clone, Debug)]
struct Rule {
    method: Method,
    /// The beginning of the path.
    path: String,
    broken: Broken,
    /// The number of requests that still break.
    left: usize,
}

/// A proxy in front of a server. It ends with the test's runtime.
#[derive(Clone)]
pub struct Front {
    pub url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    requests: Vec<String>,
    rule: Option<Rule>,
    /// The number of requests after which every one is endless.
    until: Option<usize>,
    /// Whether an endless request has taken effect.
    is_stuck: bool,
}

impl Front {
    /// Starts a front of the server at `base`.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn before(base: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let front = Self { url, state: Arc::default() };
        let (served, base) = (front.clone(), base.to_owned());
        let client = Client::builder(TokioExecutor::new()).build_http();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (front, client, base) = (served.clone(), client.clone(), base.clone());
                let service = service_fn(move |request| {
                    let (front, client, base) = (front.clone(), client.clone(), base.clone());
                    async move { front.pass(&client, &base, request).await }
                });
                tokio::spawn(async move {
                    // A lost response is an error, which ends its connection.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        front
    }

    /// Breaks the requests with `method` whose path begins with `path`, from now on.
    pub fn break_route(&self, method: Method, path: &str, broken: Broken) {
        self.break_some(method, path, broken, usize::MAX);
    }

    /// Breaks the next `count` of these requests.
    pub fn break_some(&self, method: Method, path: &str, broken: Broken, count: usize) {
        self.lock().rule = Some(Rule { method, path: path.to_owned(), broken, left: count });
    }

    /// Passes every request on again.
    pub fn repair(&self) {
        let mut state = self.lock();
        (state.rule, state.until, state.is_stuck) = (None, None, false);
    }

    /// Answers `count` more requests, and no later one, as if the client had died while it waited.
    pub fn stop_after(&self, count: usize) {
        let mut state = self.lock();
        state.until = Some(state.requests.len() + count);
    }

    /// Takes the method and the path of each request since the last `take`, in their order.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().requests)
    }

    /// Waits until an endless request has taken effect.
    pub async fn stuck(&self) {
        while !self.lock().is_stuck {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request; returns the way in which it breaks.
    fn note(&self, method: &Method, path: &str) -> Option<Broken> {
        let mut state = self.lock();
        state.requests.push(format!("{method} {path}"));
        if state.until.is_some_and(|until| state.requests.len() > until) {
            return Some(Broken::Endless);
        }
        let rule = state.rule.as_mut()?;
        if rule.left == 0 || rule.method != *method || !path.starts_with(&rule.path) {
            return None;
        }
        rule.left -= 1;
        Some(rule.broken)
    }

    async fn pass(
        &self,
        client: &Client<HttpConnector, Full<Bytes>>,
        base: &str,
        request: Request<Incoming>,
    ) -> io::Result<Response<Full<Bytes>>> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let broken = self.note(&parts.method, parts.uri.path());
        if let Some(Broken::Status(status)) = broken {
            let mut page = Response::new(Full::from("<html>broken</html>"));
            *page.status_mut() = StatusCode::from_u16(status).expect("a status");
            return Ok(page);
        }
        parts.uri = format!("{base}{target}").parse().expect("an address");
        let response = client.request(Request::from_parts(parts, Full::new(body))).await;
        let (parts, body) = response.map_err(io::Error::other)?.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        match broken {
            Some(Broken::Lost) => Err(io::ErrorKind::ConnectionReset.into()),
            Some(Broken::Endless) => {
                self.lock().is_stuck = true;
                std::future::pending().await
            }
            _ => Ok(Response::from_parts(parts, Full::new(body))),
        }
    }
}
