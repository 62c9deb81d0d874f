//! Answers that may be cached, and 304.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::{Request, Response, problem::Problem};

/// Raised when the same data is answered in another shape.
const REPRESENTATION: &str = "2";

const CATALOGUE: HeaderValue =
    HeaderValue::from_static("public, max-age=60, s-maxage=3600, stale-while-revalidate=86400");

/// What an answer is made of, told apart in 64 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ETag(String);

impl ETag {
    /// Every part that the answer's bytes depend on.
    pub(crate) fn of(parts: &[&str]) -> Self {
        let mut digest = Sha256::new_with_prefix(REPRESENTATION);
        for part in parts {
            digest.update([0]);
            digest.update(part);
        }
        let hash = digest.finalize();
        let mut text = String::with_capacity(18);
        text.push('"');
        for byte in &hash[..8] {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
            }
        }
        text.push('"');
        Self(text)
    }

    /// If-None-Match, compared weakly: the edge compresses, and marks its ETags as weak.
    fn is_known_to(&self, request: &Request) -> bool {
        let Some(given) = request.header("if-none-match") else { return false };
        given
            .split(',')
            .map(str::trim)
            .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == self.0)
    }
}

/// A catalogue answer under `etag`: 304 where the client has it, else the body that `make` makes.
pub(crate) fn catalogue(
    request: &Request,
    etag: &ETag,
    make: impl FnOnce() -> Result<Vec<u8>, Problem>,
) -> Result<Response, Problem> {
    let mut response = if etag.is_known_to(request) {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        json(make()?)
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, CATALOGUE);
    if let Ok(etag) = HeaderValue::from_str(&etag.0) {
        headers.insert(header::ETAG, etag);
    }
    Ok(response)
}

/// 200 with a JSON body.
pub(crate) fn json(body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
