//! Cacheable responses, and conditional requests (RFC 9110, 13).

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::{problem::Problem, request::Request, response::Response};

/// The version of the responses' shape; raise it when the same data is served in another shape.
const REPRESENTATION: &str = "2";

const PUBLIC: HeaderValue =
    HeaderValue::from_static("public, max-age=60, s-maxage=3600, stale-while-revalidate=86400");

/// The entity tag of a response: 64 bits of a hash of all data that the response is built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// Returns the tag for `parts`, which must hold all data that the response's bytes depend on.
    #[must_use]
    pub fn of(parts: &[&str]) -> Self {
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

    fn is_known_to(&self, request: &Request) -> bool {
        is_listed(request.header("if-none-match"), &self.0, Comparison::Weak)
    }
}

/// The comparison of two entity tags (RFC 9110, 8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// For `If-Match`: a weak tag matches nothing.
    Strong,
    /// For `If-None-Match`: a weak tag matches, because a CDN that compresses marks tags as weak.
    Weak,
}

/// Returns whether the request's `If-Match` and `If-None-Match` permit a change of the resource with the strong tag `etag`.
#[must_use]
pub fn permits_change(request: &Request, etag: &str) -> bool {
    let expected = request.header("if-match");
    let is_expected = expected.is_none() || is_listed(expected, etag, Comparison::Strong);
    is_expected && !is_listed(request.header("if-none-match"), etag, Comparison::Weak)
}

/// Returns whether a list of entity tags, or `*`, names `etag`.
fn is_listed(list: Option<&str>, etag: &str, comparison: Comparison) -> bool {
    let Some(list) = list.map(str::trim) else { return false };
    list == "*"
        || tags(list).any(|(is_weak, tag)| tag == etag && !(is_weak && comparison == Comparison::Strong))
}

/// Returns the entity tags of a list, each with its quotes and whether it is weak. A tag may contain commas; elements that
/// are not entity tags are skipped.
fn tags(mut list: &str) -> impl Iterator<Item = (bool, &str)> {
    std::iter::from_fn(move || {
        loop {
            list = list.trim_start_matches([' ', '\t', ',']);
            if list.is_empty() {
                return None;
            }
            let (is_weak, tag) = list.strip_prefix("W/").map_or((false, list), |tag| (true, tag));
            let end = tag.strip_prefix('"').and_then(|opaque| opaque.find('"')).map(|end| end + 2);
            if let Some(end) = end {
                let (tag, rest) = tag.split_at(end);
                list = rest;
                return Some((is_weak, tag));
            }
            list = list.split_once(',').map_or("", |(_, rest)| rest);
        }
    })
}

/// Builds a response that every cache may store, with the entity tag `etag`: 304 if the client's copy has that tag, otherwise the body from
/// `make`.
pub fn cacheable(
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
    headers.insert(header::CACHE_CONTROL, PUBLIC);
    if let Ok(etag) = HeaderValue::from_str(&etag.0) {
        headers.insert(header::ETAG, etag);
    }
    Ok(response)
}

/// Builds a 200 response with a JSON body.
pub fn json(body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "\"2\"";

    #[test]
    fn a_strong_comparison_matches_no_weak_tag() {
        let lists = [
            OWN,
            "\"1\", \"2\"",
            "\"1\",\"2\" ,\"3\"",
            ",, \"2\"",
            "*",
            " * ",
            "nonsense, \"2\"",
            "\"a,b\",\"2\"",
        ];
        for list in lists {
            assert!(is_listed(Some(list), OWN, Comparison::Strong), "{list}");
            assert!(is_listed(Some(list), OWN, Comparison::Weak), "{list}");
        }
        for list in ["W/\"2\"", "\"1\", W/\"2\"", "W/\"1\",W/\"2\""] {
            assert!(!is_listed(Some(list), OWN, Comparison::Strong), "{list}");
            assert!(is_listed(Some(list), OWN, Comparison::Weak), "{list}");
        }
    }

    #[test]
    fn a_tag_is_matched_whole() {
        for list in
            ["", "2", "\"1\"", "\"22\"", "\"2", "w/\"2\"", "\"1\", *", "\"*\"", "\"1,\"2\",3\"", "\"a, \"2"]
        {
            assert!(!is_listed(Some(list), OWN, Comparison::Weak), "{list}");
        }
        assert!(!is_listed(None, OWN, Comparison::Weak));
    }
}
