//! A moment, to the second, written as RFC 3339 with `Z`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The difference in seconds that two correct clocks may have.
    pub const SKEW: i64 = 30;

    /// Returns the whole seconds that have passed since `earlier`; 0 if it is in the future by at most [`Self::SKEW`].
    ///
    /// Returns `None` if it is further in the future: the clock that wrote it ran ahead, so its age is unknown.
    #[must_use]
    pub const fn elapsed_since(self, earlier: Self) -> Option<i64> {
        match self.0.saturating_sub(earlier.0) {
            elapsed if elapsed < -Self::SKEW => None,
            elapsed if elapsed < 0 => Some(0),
            elapsed => Some(elapsed),
        }
    }

    /// Returns the whole seconds from `now` until `self`; 0 once it has passed.
    #[must_use]
    pub const fn seconds_from(self, now: Self) -> i64 {
        let left = self.0.saturating_sub(now.0);
        if left < 0 { 0 } else { left }
    }

    /// Whether this expiry, which was set for `lifetime` seconds, is still in the future at `now`.
    ///
    /// An expiry more than twice its lifetime away was written by a clock that ran ahead, and counts as past: a wrong clock extends nothing
    /// by more than one lifetime.
    #[must_use]
    pub const fn is_pending(self, now: Self, lifetime: i64) -> bool {
        now.0 < self.0 && self.0 <= now.latest_expiry(lifetime).0
    }

    /// The latest expiry that [`Self::is_pending`] accepts at this moment, for conditions in a database.
    #[must_use]
    pub const fn latest_expiry(self, lifetime: i64) -> Self {
        Self(self.0.saturating_add(lifetime.saturating_mul(2)))
    }

    /// The moment `seconds` later.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp(self.0).ok().and_then(|t| t.format(&Rfc3339).ok());
        f.write_str(text.as_deref().unwrap_or("1970-01-01T00:00:00Z"))
    }
}

impl std::str::FromStr for Timestamp {
    type Err = time::error::Parse;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        OffsetDateTime::parse(text, &Rfc3339).map(|t| Self(t.unix_timestamp()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "format": "date-time", "description": "RFC 3339, UTC", "examples": ["2026-08-01T00:00:00Z"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_timestamp_is_read_back() {
        let moment = Timestamp::from_unix(1_785_542_400);
        assert_eq!(moment.to_string(), "2026-08-01T00:00:00Z");
        assert_eq!("2026-08-01T00:00:00Z".parse::<Timestamp>().unwrap(), moment);
    }

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_785_542_400 + seconds)
    }

    #[test]
    fn an_age_is_bounded_on_both_sides() {
        for (seconds, expected) in
            [(60, Some(60)), (0, Some(0)), (-30, Some(0)), (-31, None), (-86_400, None)]
        {
            assert_eq!(at(seconds).elapsed_since(at(0)), expected, "{seconds}");
        }
        assert_eq!(Timestamp::from_unix(i64::MIN).elapsed_since(Timestamp::from_unix(i64::MAX)), None);
    }

    #[test]
    fn an_expiry_of_a_clock_that_ran_ahead_counts_as_past() {
        let lifetime = 300;
        for (seconds, expected) in
            [(-1, false), (0, false), (1, true), (300, true), (600, true), (601, false)]
        {
            assert_eq!(at(seconds).is_pending(at(0), lifetime), expected, "{seconds}");
        }
        assert!(!Timestamp::from_unix(i64::MAX).is_pending(at(0), lifetime));
    }
}
