//! Handwritten HTTP: bytes are sent unchanged, for requests that no client library would send.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{Answer, House};

impl House {
    /// Sends `method` and `target` unchanged, with `headers`, on a new connection.
    pub async fn raw(&self, method: &str, target: &str, headers: &str) -> Answer {
        let request =
            format!("{method} {target} HTTP/1.1\r\nhost: pokedex.test\r\nconnection: close\r\n{headers}\r\n");
        exchange(&self.base, request.as_bytes(), method == "HEAD").await
    }
}

/// Sends `request` to the server at `base` and reads the one response; `bodyless` if it must have no body.
///
/// # Panics
/// If the bytes that arrive within five seconds are not one complete HTTP response.
pub async fn exchange(base: &str, request: &[u8], bodyless: bool) -> Answer {
    let bytes = read_all(base, request).await;
    parse(&bytes, bodyless).unwrap_or_else(|| {
        panic!(
            "{} was answered {:?}",
            shown(request),
            String::from_utf8_lossy(&bytes[..bytes.len().min(400)])
        )
    })
}

/// Sends `request` to the server at `base` and reads everything that arrives.
///
/// # Panics
/// If the server does not close the connection within five seconds.
pub async fn exchange_text(base: &str, request: &[u8]) -> String {
    String::from_utf8_lossy(&read_all(base, request).await).into_owned()
}

async fn read_all(base: &str, request: &[u8]) -> Vec<u8> {
    let address = base.strip_prefix("http://").expect("an http address");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // A server may respond and close before it has read everything.
    let _ = stream.write_all(request).await;
    let mut bytes = Vec::new();
    let read = timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "{} was not answered within five seconds", shown(request));
    bytes
}

fn shown(request: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&request[..request.len().min(120)]))
}

fn parse(bytes: &[u8], bodyless: bool) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let first = lines.next()?;
    let status = first.strip_prefix("HTTP/1.1 ").or_else(|| first.strip_prefix("HTTP/1.0 "))?;
    let status = StatusCode::from_bytes(status.get(..3)?.as_bytes()).ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?);
    }
    let body = bytes[end + 4..].to_vec();
    let length = headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
    let expected: usize = if bodyless { 0 } else { length.unwrap_or_default() };
    (expected == body.len()).then_some(Answer { status, headers, body })
}
