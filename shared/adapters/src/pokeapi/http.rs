//! Requests to a source: paced, repeated after transient errors, and bounded.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use reqwest::{
    Response, StatusCode, Url,
    header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER},
    redirect,
};

use super::{document::Invalid, pace::Pace};

/// The settings of the client.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address without a trailing slash: `https://pokeapi.co/api/v2`.
    pub base_url: String,
    /// Requests per minute, including retries; 0 means no limit.
    pub per_minute: u32,
    /// Requests in flight, 1 to 4.
    pub concurrency: usize,
    /// A contact for the User-Agent: an address at which PokeAPI's maintainers can reach the operator of this sync.
    pub contact: Option<String>,
    /// The maximum size of one body in bytes, uncompressed.
    pub body_limit: usize,
    /// Attempts per resource.
    pub attempts: usize,
    /// The pause after the first failure; it doubles from there, with jitter.
    pub backoff: Duration,
    /// The longest pause for which a running sync obeys Retry-After.
    pub longest_pause: Duration,
    /// The time limit of one request, including the body.
    pub timeout: Duration,
}

impl Config {
    pub const POKEAPI: &str = "https://pokeapi.co/api/v2";
    /// The rate that PokeAPI asked its users not to exceed.
    pub const PER_MINUTE: u32 = 100;

    #[must_use]
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into().trim_end_matches('/').to_owned(),
            per_minute: Self::PER_MINUTE,
            concurrency: 4,
            contact: None,
            body_limit: 8 << 20,
            attempts: 6,
            backoff: Duration::from_millis(250),
            longest_pause: Duration::from_secs(120),
            timeout: Duration::from_secs(30),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("answered {0}")]
    Status(StatusCode, Option<Duration>),
    /// The source asked for a pause longer than [`Config::longest_pause`].
    #[error("asks not to be asked for {} seconds", .0.as_secs())]
    NotNow(Duration),
    #[error("redirects to {0}, which is not followed")]
    Redirect(String),
    #[error("is larger than {0} bytes")]
    TooLarge(usize),
    #[error("did not answer: {0}")]
    Transport(String),
    #[error("no client can be set up: {0}")]
    Setup(String),
    #[error("is not JSON: {0}")]
    NotJson(String),
    #[error("is not valid: {0}")]
    Invalid(#[from] Invalid),
    #[error("the address {0:?} is not usable")]
    Address(String),
}

impl FetchError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Status(status, _) => {
                status.is_server_error()
                    || matches!(*status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
            }
            // A proxy's error page with status 200 is as transient as a 500.
            Self::Transport(_) | Self::NotJson(_) | Self::NotNow(_) => true,
            Self::Redirect(_) | Self::TooLarge(_) | Self::Invalid(_) | Self::Address(_) | Self::Setup(_) => {
                false
            }
        }
    }
}

/// The body of a response.
#[derive(Debug, Default)]
pub struct Download {
    pub bytes: Vec<u8>,
    pub etag: Option<String>,
    /// The value of its `Content-Type`.
    pub media_type: Option<String>,
}

/// A client of one source.
#[derive(Debug)]
pub(super) struct Http {
    client: reqwest::Client,
    config: Config,
    pace: Pace,
}

/// The longest wait, whatever a source asks for: a day.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

impl Http {
    /// # Errors
    /// If the base address is not an http(s) address, or TLS cannot be set up.
    pub(super) fn new(config: Config) -> Result<Self, FetchError> {
        let base = Url::parse(&config.base_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if base.is_none() {
            return Err(FetchError::Address(config.base_url));
        }
        crate::tls::install_ring();
        let agent = match &config.contact {
            Some(contact) => format!("pokedex-sync/{} ({contact})", env!("CARGO_PKG_VERSION")),
            None => format!("pokedex-sync/{}", env!("CARGO_PKG_VERSION")),
        };
        let client = reqwest::Client::builder()
            .user_agent(agent)
            .redirect(redirect::Policy::custom(stay_on_host))
            .timeout(config.timeout)
            .gzip(true)
            .build()
            .map_err(|error| FetchError::Setup(describe(&error)))?;
        Ok(Self { client, pace: Pace::new(config.per_minute), config })
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    /// Repeats `attempt` at the source's pace until it succeeds or fails for good.
    ///
    /// # Errors
    /// The error of the last attempt, or [`FetchError::NotNow`].
    pub(super) async fn retried<T>(
        &self,
        attempt: impl AsyncFnMut() -> Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(self.config.backoff)
            .with_max_delay(Duration::from_secs(30))
            .with_max_times(self.config.attempts.saturating_sub(1))
            .with_jitter();
        let mut attempt = attempt;
        let mut delays = backoff.build();
        loop {
            self.pace.turn().await.map_err(FetchError::NotNow)?;
            let error = match attempt().await {
                Ok(done) => return Ok(done),
                Err(error) if error.is_passing() => error,
                Err(error) => return Err(error),
            };
            if let FetchError::Status(_, Some(retry_after)) = error {
                if retry_after > self.config.longest_pause {
                    let retry_after = retry_after.min(LONGEST_WAIT);
                    self.pace.close(retry_after);
                    return Err(FetchError::NotNow(retry_after));
                }
                self.pace.hold(retry_after);
            }
            let Some(delay) = delays.next() else { return Err(error) };
            tokio::time::sleep(delay).await;
        }
    }

    /// Returns the body, of at most `limit` bytes; `None` for a 304.
    ///
    /// # Errors
    /// [`FetchError`].
    pub(super) async fn get(
        &self,
        url: &str,
        etag: Option<&str>,
        limit: usize,
    ) -> Result<Option<Download>, FetchError> {
        let mut request = self.client.get(url);
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let response = request.send().await.map_err(|error| FetchError::Transport(describe(&error)))?;
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED && etag.is_some() {
            return Ok(None);
        }
        // A 304 to a request without an ETag is not a redirect, only a wrong status.
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            let to = response.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
            return Err(FetchError::Redirect(to.chars().take(200).collect()));
        }
        if status != StatusCode::OK {
            return Err(FetchError::Status(status, retry_after(&response)));
        }
        let header =
            |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (etag, media_type) = (header(ETAG), header(CONTENT_TYPE));
        Ok(Some(Download { bytes: body(response, limit).await?, etag, media_type }))
    }
}

async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, FetchError> {
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(FetchError::TooLarge(limit));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| FetchError::Transport(describe(&error)))? {
        if body.len() + chunk.len() > limit {
            return Err(FetchError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads seconds or a date (RFC 9110, 10.2.3); a date in the past means no wait.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    Some(until.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Follows the source's own redirects (a missing slash), but never to another host, port or scheme.
fn stay_on_host(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let origin = |url: &Url| url.origin();
    let stays = attempt.previous().first().is_some_and(|first| origin(first) == origin(attempt.url()));
    if stays && attempt.previous().len() <= 3 { attempt.follow() } else { attempt.stop() }
}

/// Formats an error with its sources but without the address, which the report already contains.
fn describe(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() { "timed out".to_owned() } else { String::new() };
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    if text.is_empty() { error.to_string() } else { text }
}
