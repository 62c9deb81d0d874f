//! A request, parsed once at the door.

use std::{collections::HashMap, sync::Arc};

use adapters::{store::Meter, tokens::FamilyId};
use domain::{
    Slug,
    accounts::{Standing, UserId},
};
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use crate::{idempotency::Ticket, problem::Problem};

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
    /// Decoded.
    pub path: String,
    /// The path's parameters, decoded.
    pub params: HashMap<String, String>,
    /// Decoded pairs in the order given.
    pub query: Vec<(String, String)>,
    /// By lower-case name.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
    /// Where it comes from: an IPv4 address, or the first 64 bits of an IPv6 address.
    pub client: String,
    /// `None` on routes that do not check the access token at the door.
    pub caller: Option<Caller>,
    /// Of a request with an `Idempotency-Key`.
    pub ticket: Option<Ticket>,
    /// The status that was answered to a request with the same key, of which the rest is to be made again.
    pub repeated: Option<StatusCode>,
    /// The client's where it is well-formed, else ours.
    pub id: String,
    /// What answering it costs.
    pub meter: Arc<Meter>,
}

impl Request {
    /// Bytes of a raw query string; the longest sensible one (1,025 ids) has 5,000.
    pub const LONGEST_QUERY: usize = 8192;

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The signed-in user that sends the request.
    ///
    /// # Errors
    /// 401 without one. On private routes the door has rejected such requests already.
    pub fn caller(&self) -> Result<Caller, Problem> {
        self.caller.ok_or_else(Problem::unauthenticated)
    }

    /// A path parameter as a slug.
    ///
    /// # Errors
    /// 404 where it is none: no resource can have that name.
    pub fn slug(&self, param: &str, what: &str) -> Result<Slug, Problem> {
        let given = self.params.get(param).map(String::as_str).unwrap_or_default();
        Slug::parse(given).map_err(|_| {
            let shown: String = given.chars().filter(|c| !c.is_control()).take(60).collect();
            Problem::not_found(format!("There is no {what} {shown:?}."))
        })
    }
}

/// Splits and decodes a raw query string.
pub(crate) fn parse_query(raw: &str) -> Result<Vec<(String, String)>, Problem> {
    if raw.len() > Request::LONGEST_QUERY {
        let detail = format!("The query is longer than {} bytes.", Request::LONGEST_QUERY);
        let errors = vec![domain::FieldError::new("query", "is too long")];
        return Err(Problem { errors, ..Problem::new(StatusCode::URI_TOO_LONG, "query_too_long", detail) });
    }
    let pairs = raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = decode(key).ok_or_else(|| Problem::bad_request("query", "has a key that is not UTF-8"))?;
        match decode(value) {
            Some(value) => Ok((key, value)),
            None => Err(Problem::bad_request(&key, "is not UTF-8")),
        }
    });
    pairs.collect()
}

/// `+` is a space; a `%` that begins no escape is a plain character; none for what is not UTF-8.
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
    fn what_is_not_utf8_is_named() {
        assert_eq!(parse_query("search=%ff").unwrap_err().errors[0].field, "search");
        assert_eq!(parse_query("%ff=1").unwrap_err().errors[0].field, "query");
    }

    #[test]
    fn an_oversize_query_is_refused() {
        assert_eq!(parse_query(&"x".repeat(8193)).unwrap_err().status, 414);
    }
}
