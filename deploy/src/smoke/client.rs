//! Requests, and what is expected of their responses.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::Value;

use super::Target;

/// A client of one deployment.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    /// The number of requests that were repeated because the API asked for it.
    repeated: AtomicUsize,
}

/// The number of times that a request is repeated after a 503 with `Retry-After`.
const MOST_REPEATS: usize = 2;
/// The longest wait that the API may ask for.
const LONGEST_WAIT: u64 = 5;

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
        Ok(Self { http, url: target.url.trim_end_matches('/').to_owned(), repeated: AtomicUsize::new(0) })
    }

    /// Returns the number of requests that were repeated.
    pub(super) fn repeated(&self) -> usize {
        self.repeated.load(Ordering::Relaxed)
    }

    pub(super) fn request(&self, method: Method, path: &str) -> Request<'_> {
        let what = format!("{method} {path}");
        // A repeated POST could meet its own first attempt: its caller has to know the status of that.
        let repeats = if method == Method::POST { 0 } else { MOST_REPEATS };
        let builder = self.http.request(method, format!("{}{path}", self.url));
        Request { builder, what, repeats, after_repeat: &[], repeated: &self.repeated }
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

    pub(super) fn get(&self, path: &str) -> Request<'_> {
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
pub(super) struct Request<'a> {
    builder: reqwest::RequestBuilder,
    what: String,
    /// The number of times that the request may be repeated.
    repeats: usize,
    /// The statuses that a repeated request may have because its first attempt took effect.
    after_repeat: &'static [u16],
    repeated: &'a AtomicUsize,
}

impl Request<'_> {
    pub(super) fn header(self, name: &str, value: &str) -> Self {
        Self { builder: self.builder.header(name, value), ..self }
    }

    pub(super) fn token(self, token: &str) -> Self {
        Self { builder: self.builder.bearer_auth(token), ..self }
    }

    /// Lets the request be repeated although it changes something. If an attempt took effect although its response was a 503, the next one
    /// may have one of these statuses instead of the expected ones.
    pub(super) fn repeatable(self, after_repeat: &'static [u16]) -> Self {
        Self { repeats: MOST_REPEATS, after_repeat, ..self }
    }

    pub(super) fn json(self, body: &Value) -> Self {
        let builder = self.builder.header("Content-Type", "application/json").body(body.to_string());
        Self { builder, ..self }
    }

    /// Sends the request, and repeats it as long as a 503 asks for it. Returns whether it was repeated, too.
    async fn send(&self) -> Result<(reqwest::Response, bool)> {
        let mut left = self.repeats;
        loop {
            let again = self.builder.try_clone().context("the request's body cannot be repeated")?;
            let response = again.send().await?;
            let wait = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
            match wait.filter(|wait| *wait <= LONGEST_WAIT) {
                Some(wait) if left > 0 && response.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    left -= 1;
                    self.repeated.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_secs(wait)).await;
                }
                _ => return Ok((response, left < self.repeats)),
            }
        }
    }

    /// Sends the request; the response must have one of these statuses, and the headers of every response.
    pub(super) async fn expect(self, statuses: &[u16]) -> Result<Answer> {
        let what = &self.what;
        let (response, is_repeated) = self.send().await.with_context(|| what.clone())?;
        let after_repeat = if is_repeated { self.after_repeat } else { &[] };
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.with_context(|| what.clone())?;
        if !statuses.iter().chain(after_repeat).any(|expected| *expected == status.as_u16()) {
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

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    use super::*;

    const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    const DOWN: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    const WELL: &str = "HTTP/1.1 200 OK\r\nx-content-type-options: nosniff\r\nx-api-version: v1\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";

    const TAKEN: &str = "HTTP/1.1 409 Conflict\r\nx-content-type-options: nosniff\r\nx-api-version: v1\r\ncontent-type: application/problem+json\r\ncontent-length: 36\r\nconnection: close\r\n\r\n{\"code\": \"one\", \"request_id\": \"two\"}";

    /// A client of a server that gives these responses in order.
    fn client(responses: Vec<&'static str>) -> Client {
        adapters::tls::install_ring();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for response in responses {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                stream.write_all(response.as_bytes()).unwrap();
            }
        });
        let target = Target {
            url,
            origin_verify: None,
            behind: None,
            has_pages: false,
            expects_sync: false,
            release: None,
        };
        Client::new(&target).unwrap()
    }

    #[tokio::test]
    async fn a_request_is_repeated_as_long_as_the_api_asks_for_it() {
        let served = client(vec![BUSY, BUSY, WELL]);
        served.get("/").expect(&[200]).await.unwrap();
        assert_eq!(served.repeated(), 2);
        for (responses, method, repeated) in [
            (vec![BUSY, BUSY, BUSY], Method::GET, 2),
            (vec![DOWN], Method::GET, 0),
            (vec![BUSY], Method::POST, 0),
        ] {
            let served = client(responses);
            served.request(method, "/").expect(&[200]).await.unwrap_err();
            assert_eq!(served.repeated(), repeated);
        }
    }

    #[tokio::test]
    async fn the_status_of_a_second_attempt_is_accepted_after_a_503_only() {
        let register = async |responses| {
            let client = client(responses);
            let request = client.request(Method::POST, "/").repeatable(&[409]);
            request.expect(&[200]).await.map(|answer| answer.status.as_u16())
        };
        assert_eq!(register(vec![BUSY, WELL]).await.unwrap(), 200);
        assert_eq!(register(vec![BUSY, TAKEN]).await.unwrap(), 409);
        let error = register(vec![TAKEN]).await.unwrap_err();
        assert!(error.to_string().contains("answered 409"), "{error}");
    }
}
