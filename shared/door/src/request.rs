//! A request, parsed once at the door.

use std::{collections::HashMap, sync::Arc};

use adapters::{store::Meter, tokens::FamilyId};
use domain::accounts::{Standing, UserId};
use http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{problem::Problem, telemetry::Events, ticket::Ticket};

/// The characters that are encoded in a part of a query.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b',');

/// The user that sends a request. The access token names user and session; the rest is read from the store for this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub user: UserId,
    /// The session that the token was issued in.
    pub session: FamilyId,
    pub standing: Standing,
    /// Whether the session has ended. Only signing out accepts such a caller.
    pub has_ended: bool,
}

/// A request as handlers see it: decoded, bounded, with an id and a meter.
#[derive(Debug)]
pub struct Request {
    pub method: Method,
    /// The decoded path.
    pub path: String,
    /// The decoded path parameters.
    pub params: HashMap<String, String>,
    /// The decoded pairs of the query, in their order.
    pub query: Vec<(String, String)>,
    /// The headers, by lower-case name.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
    /// The client's address: an IPv4 address, or the first 64 bits of an IPv6 address.
    pub client: String,
    /// `None` on routes that do not check the access token at the door.
    pub caller: Option<Caller>,
    /// The identity of a request with an `Idempotency-Key`.
    pub ticket: Option<Ticket>,
    /// The status of the response to an earlier request with the same key. The handler rebuilds the rest of that response.
    pub repeated: Option<StatusCode>,
    /// The client's request id if it is well-formed, otherwise the gateway's or a generated one.
    pub id: String,
    /// The meter of the request's database usage.
    pub meter: Arc<Meter>,
    /// Rare events, for the request's line.
    pub events: Arc<Events>,
}

impl Request {
    /// The longest accepted raw query string, in bytes. The longest useful one (1,025 ids) has 5,000.
    pub const LONGEST_QUERY: usize = 8192;

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The query as a part of an address, with its `?`; empty without a query.
    #[must_use]
    pub fn query_string(&self) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
        let pairs = self.query.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value)));
        let pairs = pairs.collect::<Vec<_>>().join("&");
        if pairs.is_empty() { pairs } else { format!("?{pairs}") }
    }

    /// Returns the user that `{id}` in the path names; `None` if that is not the id of a user.
    #[must_use]
    pub fn path_user(&self) -> Option<UserId> {
        self.params.get("id")?.parse().ok()
    }

    /// Returns the signed-in user that sends the request.
    ///
    /// # Errors
    /// 401 without a signed-in user. On private routes the door has rejected such requests already.
    pub fn caller(&self) -> Result<Caller, Problem> {
        self.caller.ok_or_else(Problem::unauthenticated)
    }
}

/// Splits and decodes a raw query string.
pub(crate) fn parse_query(raw: &str) -> Result<Vec<(String, String)>, Problem> {
    if raw.len() > Request::LONGEST_QUERY {
        let detail = format!("The query string is longer than {} bytes", Request::LONGEST_QUERY);
        let errors = vec![domain::FieldError::new("query", "is too long")];
        return Err(Problem { errors, ..Problem::new(StatusCode::URI_TOO_LONG, "query_too_long", detail) });
    }
    let pairs = raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key =
            decode(key).ok_or_else(|| Problem::bad_request("query", "has a key that is not valid UTF-8"))?;
        match decode(value) {
            Some(value) => Ok((key, value)),
            None => Err(Problem::bad_request(&key, "is not valid UTF-8")),
        }
    });
    pairs.collect()
}

/// Decodes a part of a query. A `+` is a space; a `%` that begins no escape is a plain character. Returns `None` for text that
/// is not UTF-8.
fn decode(text: &str) -> Option<String> {
    if !text.contains(['%', '+']) {
        return Some(text.to_owned());
    }
    percent_decode_str(&text.replace('+', " ")).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_split_before_it_is_decoded() {
        let pairs = parse_query("search=a%26b%3Dc&&x&type=fire+%2B%20water&p=%").unwrap();
        let expected = [("search", "a&b=c"), ("x", ""), ("type", "fire + water"), ("p", "%")];
        assert_eq!(pairs, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn a_key_or_value_that_is_not_utf8_is_named() {
        assert_eq!(parse_query("search=%ff").unwrap_err().errors[0].field, "search");
        assert_eq!(parse_query("%ff=1").unwrap_err().errors[0].field, "query");
    }

    #[test]
    fn an_oversize_query_is_refused() {
        assert_eq!(parse_query(&"x".repeat(8193)).unwrap_err().status, 414);
    }
}
