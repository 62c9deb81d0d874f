//! The faults that the stand-in can inject.

use std::time::Duration;

use serde_json::Value;

/// The fault that replaces a response. `Slow(Duration::ZERO)` in a script lets one request pass.
#[derive(Clone, Debug)]
pub enum Fault {
    Status(u16),
    /// The status and `Retry-After`.
    RetryAfter(u16, String),
    /// The connection ends before any response.
    DropConnection,
    /// The headers of the whole response, ETag and Content-Length included, then half of its bytes; then the connection ends.
    CutBody,
    /// 200 with a page of HTML.
    NotJson,
    /// 200 with this body, and an ETag of the body.
    Body(Value),
    /// 200 with a JSON string of this many bytes, quotes included; chunked, so the response has no Content-Length.
    Huge(usize),
    /// 302 to this Location.
    Redirect(String),
    /// The correct response, delayed.
    Slow(Duration),
}

impl Fault {
    /// `after` is a number of seconds or a date.
    pub fn retry_after(status: u16, after: impl ToString) -> Self {
        Self::RetryAfter(status, after.to_string())
    }
}
