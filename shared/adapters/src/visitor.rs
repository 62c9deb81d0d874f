//! A visitor of a deployed product: sends requests to its public address, as its clients do.

use std::time::Duration;

use reqwest::{
    Client, Method, Url,
    header::{CONTENT_TYPE, HeaderMap},
    redirect,
};
use serde_json::Value;

use crate::store::chain;

/// The time within which a connection must be open.
const CONNECT: Duration = Duration::from_secs(3);
/// The longest response that is read, in bytes, uncompressed.
const LONGEST: usize = 4 << 20;

/// The reason that there is no response. It names neither the address nor a header.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    #[error("{0:?} is not an http(s) address")]
    Address(String),
    #[error("the client cannot be created: {0}")]
    Setup(String),
    #[error("no response: {0}")]
    Transport(String),
    #[error("the response is longer than 4 MiB")]
    TooLarge,
}

/// A client of one address. Each visitor opens connections of its own, so a new one also looks up the name and checks the certificate.
#[derive(Debug)]
pub struct Visitor {
    client: Client,
    base: String,
}

/// A request.
pub struct Visit<'a> {
    pub method: Method,
    /// The path, with its query.
    pub path: &'a str,
    /// The access token of the `Authorization` header.
    pub token: Option<&'a str>,
    pub header: Option<(&'static str, &'a str)>,
    /// The JSON of the body.
    pub body: Option<&'a Value>,
}

impl<'a> Visit<'a> {
    /// Returns a request with nothing but a method and a path.
    #[must_use]
    pub const fn new(method: Method, path: &'a str) -> Self {
        Self { method, path, token: None, header: None, body: None }
    }

    #[must_use]
    pub const fn get(path: &'a str) -> Self {
        Self::new(Method::GET, path)
    }

    #[must_use]
    pub fn token(self, token: &'a str) -> Self {
        Self { token: Some(token), ..self }
    }

    #[must_use]
    pub fn header(self, name: &'static str, value: &'a str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    #[must_use]
    pub fn json(self, body: &'a Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// A response.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    /// Returns the value of a header, if it occurs and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the body as JSON; null if it is something else.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

impl Visitor {
    /// Creates a client of `base`, an address with a path or without.
    ///
    /// # Errors
    /// [`VisitError::Address`] for anything but an http(s) address.
    pub fn new(base: &str) -> Result<Self, VisitError> {
        let is_web = Url::parse(base).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_web {
            return Err(VisitError::Address(base.to_owned()));
        }
        crate::tls::install_ring();
        let client = Client::builder()
            .user_agent(format!("pokedex-probe/{}", env!("CARGO_PKG_VERSION")))
            // A redirect is a response that the caller did not expect.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .gzip(true)
            .build()
            .map_err(|error| VisitError::Setup(chain(&error)))?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned() })
    }

    /// Sends a request, and reads the whole response, `within` this time.
    ///
    /// # Errors
    /// [`VisitError`] if there is no whole response. The request may have taken effect nevertheless.
    pub async fn send(&self, visit: &Visit<'_>, within: Duration) -> Result<Reply, VisitError> {
        let mut request =
            self.client.request(visit.method.clone(), format!("{}{}", self.base, visit.path)).timeout(within);
        if let Some(token) = visit.token {
            request = request.bearer_auth(token);
        }
        if let Some((name, value)) = visit.header {
            request = request.header(name, value);
        }
        if let Some(body) = visit.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let mut response = request.send().await.map_err(transport)?;
        let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if bytes.len() + chunk.len() > LONGEST {
                return Err(VisitError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() })
    }
}

fn transport(error: reqwest::Error) -> VisitError {
    let is_late = error.is_timeout();
    let cause = chain(&error.without_url());
    VisitError::Transport(if is_late { format!("timed out: {cause}") } else { cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_the_web() {
        for address in ["https://d111111abcdef8.cloudfront.net", "http://127.0.0.1:4566/edge/"] {
            assert!(Visitor::new(address).is_ok(), "{address}");
        }
        for address in ["", "d111111abcdef8.cloudfront.net", "ftp://pokedex.example", "file:///etc/passwd"] {
            assert!(matches!(Visitor::new(address), Err(VisitError::Address(_))), "{address}");
        }
    }
}
