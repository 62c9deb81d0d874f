//! Access control for a helper's port: loopback is not a boundary, because every web page and every user of the machine can reach it.

use std::{fmt, net::IpAddr, sync::Arc};

use adapters::tokens::unguessable;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode, Uri,
    header::{AUTHORIZATION, HOST, ORIGIN},
    uri::Authority,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    body::{Body, BodyError},
    helper::Helper,
    server::Service,
};

/// The largest request body that an AWS service accepts here.
const LARGEST_BODY: usize = 16 << 20;

/// The access key id that a port requires. The signature is not verified: the id itself is the secret.
#[derive(Clone)]
pub struct AccessKey(String);

impl AccessKey {
    /// Generates an id of 160 random bits.
    #[must_use]
    pub fn random() -> Self {
        let random: String = unguessable::<20>().iter().map(|byte| format!("{byte:02X}")).collect();
        Self(format!("LOCAL{random}"))
    }

    /// Uses a known id, for engines that hold nothing worth protecting.
    #[must_use]
    pub fn known(id: &str) -> Self {
        Self(id.to_owned())
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.0
    }

    /// Compares in constant time, for any two lengths.
    fn is(&self, id: &str) -> bool {
        let (expected, other) = (Sha256::digest(&self.0), Sha256::digest(id));
        expected.iter().zip(other).fold(0, |different, (expected, other)| different | (expected ^ other)) == 0
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessKey")
    }
}

/// A helper behind the access checks of its port.
pub(crate) struct Guarded<H> {
    helper: Arc<H>,
    key: AccessKey,
}

impl<H> Guarded<H> {
    pub(crate) fn new(helper: Arc<H>, key: AccessKey) -> Self {
        Self { helper, key }
    }

    /// Returns the reason for rejecting a request before its body is read, if there is one.
    fn refusal(&self, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
        if headers.contains_key(ORIGIN) {
            return Some("Requests of web pages are not allowed.");
        }
        if !is_for_loopback(uri, headers) {
            return Some("The Host header does not name a loopback address.");
        }
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if !authorization.and_then(access_key_id).is_some_and(|id| self.key.is(id)) {
            return Some("The access key id is not the AWS_ACCESS_KEY_ID that this start printed.");
        }
        None
    }
}

impl<H: Helper> Service for Guarded<H> {
    async fn answer(&self, request: Request<Body>, _: IpAddr) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        if let Some(reason) = self.refusal(&parts.uri, &parts.headers) {
            return refused(StatusCode::FORBIDDEN, "AccessDeniedException", reason);
        }
        match body.read(LARGEST_BODY).await {
            Ok(body) => self.helper.answer(Request::from_parts(parts, body.bytes)).await,
            Err(error) => {
                let code = match error {
                    BodyError::TooLong => "RequestTooLargeException",
                    BodyError::Busy => "ServiceUnavailableException",
                    BodyError::Late | BodyError::Malformed => "SerializationException",
                };
                refused(error.status(), code, error.reason())
            }
        }
    }

    fn busy(&self, _: &HeaderMap) -> Response<Bytes> {
        refused(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", "Too many connections.")
    }
}

/// An error in the format of AWS's JSON protocols.
pub(crate) fn refused(status: StatusCode, code: &'static str, message: &str) -> Response<Bytes> {
    let body = json!({"__type": code, "Type": "User", "message": message});
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}

/// Extracts `ID` from `AWS4-HMAC-SHA256 Credential=ID/20261126/local/dynamodb/aws4_request, …`.
fn access_key_id(authorization: &str) -> Option<&str> {
    let parameters = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let credential = parameters.split(',').find_map(|one| one.trim().strip_prefix("Credential="))?;
    credential.split_once('/').map(|(id, _)| id)
}

/// Whether the single Host header, and the target if it names a host, are loopback: a web page of another origin could send requests here
/// through another name that resolves to 127.0.0.1.
fn is_for_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let host = host.to_str().ok().and_then(|host| host.parse().ok());
    host.is_some_and(|host| is_loopback(&host)) && uri.authority().is_none_or(is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_pass() {
        for host in ["127.0.0.1", "127.0.0.1:4566", "localhost:1", "LOCALHOST", "[::1]:4566", "127.1.2.3:5"] {
            assert!(is_loopback(&host.parse().expect("an authority")), "{host}");
        }
        for host in
            ["example.com", "127.0.0.1.nip.io", "localhost.example", "0.0.0.0:1", "10.0.0.1", "a@localhost"]
        {
            assert!(!is_loopback(&host.parse().expect("an authority")), "{host}");
        }
    }

    #[test]
    fn a_random_key_equals_only_itself() {
        let (one, other) = (AccessKey::random(), AccessKey::random());
        assert!(one.id().len() >= 40 && one.is(one.id()));
        assert!(!one.is(other.id()) && !one.is("") && !one.is(&one.id()[1..]));
    }

    #[test]
    fn the_access_key_id_is_read_from_the_credential() {
        let header =
            "AWS4-HMAC-SHA256 Credential=ID/20261126/local/dynamodb/aws4_request, SignedHeaders=host";
        assert_eq!(access_key_id(header), Some("ID"));
        for header in
            ["", "Bearer ID", "AWS4-HMAC-SHA256 Credential=ID", "AWS4-HMAC-SHA256 SignedHeaders=ID/"]
        {
            assert_eq!(access_key_id(header), None, "{header}");
        }
    }
}
