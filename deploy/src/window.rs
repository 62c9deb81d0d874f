//! The times at which an environment may be deployed.

use anyhow::{Result, ensure};
use serde::Deserialize;
use time::{OffsetDateTime, Time, Weekday, macros::format_description};

/// A window of the week, in UTC.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// English names of days: `Monday`.
    days: Vec<String>,
    /// The first minute: `07:00`.
    from: String,
    /// The first minute after the window.
    until: String,
}

impl Window {
    /// Whether the window is open at `now`.
    ///
    /// # Errors
    /// If a day or a time in the settings is wrong.
    pub fn is_open(&self, now: OffsetDateTime) -> Result<bool> {
        let minute = format_description!("[hour]:[minute]");
        let time = |text: &str| {
            Time::parse(text, minute)
                .map_err(|_| anyhow::anyhow!("the window's time {text:?} is not like 07:30"))
        };
        let (from, until) = (time(&self.from)?, time(&self.until)?);
        ensure!(from < until, "the window ends at {} before it starts at {}", self.until, self.from);
        let days = self.days.iter().map(|day| {
            day.parse::<Weekday>().map_err(|_| anyhow::anyhow!("the window's day {day:?} is not like Monday"))
        });
        let days = days.collect::<Result<Vec<_>>>()?;
        Ok(days.contains(&now.weekday()) && (from..until).contains(&now.time()))
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {} to {} UTC", self.days.join(", "), self.from, self.until)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn window(days: &[&str], from: &str, until: &str) -> Window {
        let days = days.iter().map(|day| (*day).to_owned()).collect();
        Window { days, from: from.to_owned(), until: until.to_owned() }
    }

    #[test]
    fn a_window_is_open_from_its_first_minute_to_its_last() {
        let window = window(&["Monday", "Thursday"], "07:00", "15:00");
        for (now, is_open) in [
            (datetime!(2026-11-26 06:59:59 UTC), false),
            (datetime!(2026-11-26 07:00 UTC), true),
            (datetime!(2026-11-26 14:59:59 UTC), true),
            (datetime!(2026-11-26 15:00 UTC), false),
            (datetime!(2026-11-27 08:00 UTC), false),
            (datetime!(2026-11-30 08:00 UTC), true),
        ] {
            assert_eq!(window.is_open(now).expect("a window"), is_open, "{now}");
        }
    }

    #[test]
    fn a_window_with_a_wrong_day_or_time_is_refused() {
        let now = datetime!(2026-11-26 08:00 UTC);
        for bad in [
            window(&["Mo"], "07:00", "15:00"),
            window(&["Monday"], "7", "15:00"),
            window(&["Monday"], "07:00", "25:00"),
            window(&["Monday"], "15:00", "07:00"),
        ] {
            assert!(bad.is_open(now).is_err(), "{bad}");
        }
    }
}
