//! The CDN in front of the API: rejects requests that bypass it, and determines the client's address.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};

use crate::{config::Config, problem::Problem, request::Request};

/// Rejects requests that bypass the CDN, before any other work, and determines the client's address.
pub(crate) fn check(config: &Config, request: &mut Request) -> Result<(), Problem> {
    came_through(config, request)?;
    request.client = client_address(config, request);
    Ok(())
}

/// Rejects requests that bypass the CDN, if one is configured: the CDN filters requests and reports the client's address.
fn came_through(config: &Config, request: &Request) -> Result<(), Problem> {
    if config.origin_verify.is_empty() {
        return Ok(());
    }
    let received = Sha256::digest(request.header("x-origin-verify").unwrap_or_default());
    // The hashes need no constant-time comparison: its duration reveals nothing about the value.
    if config.origin_verify.iter().any(|known| known[..] == received[..]) {
        return Ok(());
    }
    Err(Problem::forbidden("Requests must go through the CDN"))
}

/// Returns the client's address for rate limits. The CDN appends the address that it sees to `X-Forwarded-For`, and the gateway
/// appends the CDN's; the client's address is therefore the second from the right. Any client can forge the entries to the left
/// of it. Without a CDN the header is ignored.
fn client_address(config: &Config, request: &Request) -> String {
    let forwarded = match config.origin_verify.is_empty() {
        true => None,
        false => request.header("x-forwarded-for").and_then(|list| list.rsplit(',').nth(1)),
    };
    let address = forwarded.map_or(request.client.as_str(), str::trim);
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.to_string(),
        // A household usually has a whole /64 network.
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => "unknown".to_owned(),
    }
}
