//! The machine's clock, read here and handed to the domain as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::Timestamp;

/// Now, to the second.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
