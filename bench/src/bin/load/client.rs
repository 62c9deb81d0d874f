//! The HTTP client of a load: connections that are kept alive to one server. Every answer is read to its end, and judged.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde_json::Value;
use tokio::time::timeout;

/// Longer than the deadline of every request (29.5 s): an answer that takes longer is missing.
const LONGEST: Duration = Duration::from_secs(31);
/// Shorter than the time after which the server closes an idle connection (30 s), so that no request meets a closing connection.
const IDLE: Duration = Duration::from_secs(10);

/// The reason why an answer is not the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 503 with a reason and `Retry-After`: the code of the problem.
    Unavailable(String),
    /// Any other unexpected answer, or a missing one.
    Wrong(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(code) => write!(formatter, "503 {code}"),
            Self::Wrong(why) => formatter.write_str(why),
        }
    }
}

pub type Checked<T> = Result<T, Fault>;

/// Returns the fault of a wrong answer.
pub fn wrong<T>(why: impl Into<String>) -> Checked<T> {
    Err(Fault::Wrong(why.into()))
}

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), headers: Vec::new(), body: None }
    }

    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(path) }
    }

    pub fn delete(path: impl Into<String>) -> Self {
        Self { method: Method::DELETE, ..Self::get(path) }
    }

    /// The same request with an access token.
    pub fn by(self, token: &str) -> Self {
        self.with("authorization", format!("Bearer {token}"))
    }

    /// The same request with another header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// An answer, read completely.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub body: Bytes,
    /// The time of its last byte.
    pub at: Instant,
    headers: HeaderMap,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn json(&self) -> Checked<Value> {
        serde_json::from_slice(&self.body).or_else(|_| wrong(format!("not JSON: {}", self.beginning())))
    }

    /// Returns the answer if it has this status.
    pub fn expect(self, status: StatusCode) -> Checked<Self> {
        if self.status == status {
            return Ok(self);
        }
        match self.reason() {
            Some(code)
                if self.status == StatusCode::SERVICE_UNAVAILABLE && self.header("retry-after").is_some() =>
            {
                Err(Fault::Unavailable(code))
            }
            _ => wrong(format!("{} instead of {status}: {}", self.status, self.beginning())),
        }
    }

    /// Returns the time of the answer if it refuses the request with this status and a reason.
    pub fn refuses(self, status: StatusCode) -> Checked<Instant> {
        let reply = self.expect(status)?;
        match reply.reason() {
            Some(_) => Ok(reply.at),
            None => wrong(format!("{status} without a reason: {}", reply.beginning())),
        }
    }

    /// The code of a problem that is complete.
    fn reason(&self) -> Option<String> {
        if self.header("content-type") != Some("application/problem+json") {
            return None;
        }
        let problem: Value = serde_json::from_slice(&self.body).ok()?;
        let code = problem["code"].as_str().filter(|code| !code.is_empty())?;
        let has_detail = problem["detail"].as_str().is_some_and(|detail| !detail.is_empty());
        (has_detail && problem["status"] == self.status.as_u16()).then(|| code.to_owned())
    }

    fn beginning(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(200).collect()
    }
}

/// A client of one server, which counts its answers.
#[derive(Debug)]
pub struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    statuses: Mutex<BTreeMap<u16, u64>>,
}

impl Http {
    /// A client of the server at `base`, `http://127.0.0.1:PORT`. Must be called in a runtime.
    pub fn new(base: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self { client, base: base.to_owned(), statuses: Mutex::default() }
    }

    pub async fn send(&self, ask: Ask) -> Checked<Reply> {
        let what = format!("{} {}", ask.method, ask.path);
        match self.exchange(ask).await {
            Ok(reply) => {
                let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
                *statuses.entry(reply.status.as_u16()).or_default() += 1;
                Ok(reply)
            }
            Err(error) => wrong(format!("{what}: no answer: {error:#}")),
        }
    }

    /// Takes the number of answers of each status since the last call.
    pub fn take_statuses(&self) -> BTreeMap<u16, u64> {
        std::mem::take(&mut *self.statuses.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn exchange(&self, ask: Ask) -> Result<Reply> {
        let mut request = Request::builder().method(ask.method).uri(format!("{}{}", self.base, ask.path));
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        let body = match ask.body {
            None => Bytes::new(),
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                body.to_string().into()
            }
        };
        let request = request.body(Full::new(body))?;
        let answer = async {
            let (parts, body) = self.client.request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            anyhow::Ok(Reply { status: parts.status, body, at: Instant::now(), headers: parts.headers })
        };
        timeout(LONGEST, answer).await.with_context(|| format!("nothing within {LONGEST:?}"))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, kind: &'static str, body: &'static str) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", header::HeaderValue::from_static(kind));
        headers.insert("retry-after", header::HeaderValue::from_static("2"));
        let status = StatusCode::from_u16(status).unwrap();
        Reply { status, body: Bytes::from_static(body.as_bytes()), at: Instant::now(), headers }
    }

    const PROBLEM: &str = "application/problem+json";

    #[test]
    fn only_a_503_with_a_reason_is_an_unavailable_server() {
        let busy = reply(503, PROBLEM, r#"{"status": 503, "code": "busy", "detail": "Try again."}"#);
        assert_eq!(busy.expect(StatusCode::OK).unwrap_err(), Fault::Unavailable("busy".to_owned()));
        for (status, kind, body) in [
            (503, PROBLEM, r#"{"status": 503, "code": "busy"}"#),
            (503, "text/html", r#"{"status": 503, "code": "busy", "detail": "Try again."}"#),
            (500, PROBLEM, r#"{"status": 500, "code": "internal", "detail": "An error."}"#),
            (200, "application/json", "{}"),
        ] {
            let fault = reply(status, kind, body).expect(StatusCode::CREATED).unwrap_err();
            assert!(matches!(fault, Fault::Wrong(_)), "{status} {kind} {body}: {fault}");
        }
    }

    #[test]
    fn a_refusal_needs_its_status_and_a_reason() {
        let body = r#"{"status": 404, "code": "not_found", "detail": "Pokémon 0 not found"}"#;
        assert!(reply(404, PROBLEM, body).refuses(StatusCode::NOT_FOUND).is_ok());
        assert!(reply(404, PROBLEM, body).refuses(StatusCode::UNAUTHORIZED).is_err());
        assert!(reply(404, PROBLEM, "{}").refuses(StatusCode::NOT_FOUND).is_err());
        assert!(reply(404, "text/plain", "no").refuses(StatusCode::NOT_FOUND).is_err());
    }
}
