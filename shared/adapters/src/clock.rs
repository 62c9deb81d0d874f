//! The machine's clock, read here and handed to the domain as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::Timestamp;

/// Now, to the second.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_unix(i64::try_from(milliseconds() / 1000).unwrap_or(i64::MAX))
}

/// Milliseconds since 1970-01-01T00:00:00Z.
#[must_use]
pub fn milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
