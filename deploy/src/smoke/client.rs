//! Requests, and what is expected of their responses.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::Value;

use super::Target;

/// A client of one deployment.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
}

/// A response, read completely.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Client {
    pub(super) fn new(target: &Target) -> Result<Self> {
        let http = reqwest::Client::builder()
            .default_headers(target.headers()?)
            .timeout(Duration::from_secs(35))
            .user_agent("pokedex-smoke")
            .build()?;
        Ok(Self { http, url: target.url.trim_end_matches('/').to_owned() })
    }

    pub(super) fn request(&self, method: Method, path: &str) -> Request {
        let what = format!("{method} {path}");
        Request { builder: self.http.request(method, format!("{}{path}", self.url)), what }
    }

    /// Gets a page or a file, which has none of the API's headers.
    pub(super) async fn file(&self, path: &str) -> Result<File> {
        let response =
            self.http.get(format!("{}{path}", self.url)).send().await.with_context(|| path.to_owned())?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.with_context(|| path.to_owned())?;
        Ok(File { path: path.to_owned(), status, headers, text })
    }

    /// Returns the status of a GET of another address.
    pub(super) async fn elsewhere(&self, url: &str) -> Result<StatusCode> {
        Ok(self.http.get(url).send().await.with_context(|| url.to_owned())?.status())
    }

    pub(super) fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }
}

/// A page or a file.
#[derive(Debug)]
pub(super) struct File {
    path: String,
    status: StatusCode,
    headers: HeaderMap,
    pub text: String,
}

impl File {
    pub(super) fn require(&self, status: u16) -> Result<()> {
        ensure!(self.status == status, "{} answered {} instead of {status}", self.path, self.status);
        Ok(())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A request that is being built.
#[derive(Debug)]
pub(super) struct Request {
    builder: reqwest::RequestBuilder,
    what: String,
}

impl Request {
    pub(super) fn header(self, name: &str, value: &str) -> Self {
        Self { builder: self.builder.header(name, value), ..self }
    }

    pub(super) fn token(self, token: &str) -> Self {
        Self { builder: self.builder.bearer_auth(token), ..self }
    }

    pub(super) fn json(self, body: &Value) -> Self {
        let builder = self.builder.header("Content-Type", "application/json").body(body.to_string());
        Self { builder, ..self }
    }

    /// Sends the request; the response must have one of these statuses, and the headers of every response.
    pub(super) async fn expect(self, statuses: &[u16]) -> Result<Answer> {
        let Self { builder, what } = self;
        let response = builder.send().await.with_context(|| what.clone())?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.with_context(|| what.clone())?;
        if !statuses.contains(&status.as_u16()) {
            let start: String = text.chars().take(200).collect();
            bail!("{what} answered {status} instead of {statuses:?}: {start}");
        }
        // A cache may answer 304 with less than the stored headers (RFC 9110, 15.4.5).
        let of_all = [("x-content-type-options", "nosniff"), ("x-api-version", "v1")];
        for (name, value) in of_all.into_iter().filter(|_| status != StatusCode::NOT_MODIFIED) {
            let got = headers.get(name).and_then(|value| value.to_str().ok());
            ensure!(got == Some(value), "{what}: the header {name} is {got:?} instead of {value:?}");
        }
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        if status.is_client_error() {
            let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
            ensure!(
                kind.starts_with("application/problem+json"),
                "{what}: the error is {kind:?}, not a problem"
            );
            ensure!(
                body["code"].is_string() && body["request_id"].is_string(),
                "{what}: the problem is incomplete: {body}"
            );
        }
        Ok(Answer { status, headers, body })
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns a text of the body.
    pub(super) fn text(&self, field: &str) -> Result<&str> {
        self.body[field].as_str().with_context(|| format!("the response has no {field}: {}", self.body))
    }
}
