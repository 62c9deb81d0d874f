//! The variables that the sync and the mirror share: the source, its pace, and the time between runs.

use adapters::pokeapi::{Config, FetchError};
use door::config::ConfigError;

/// The default of `SYNC_MIN_AGE_HOURS`, in seconds.
pub(super) const MIN_AGE: i64 = 20 * 3600;

/// Reads the address of a source from `name`, and `SYNC_REQUESTS_PER_MINUTE` and `SYNC_CONTACT`, through `var`. `check` creates a client.
///
/// # Errors
/// [`ConfigError`] names the first variable that is wrong.
pub(super) fn source<C>(
    var: impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: &str,
    check: impl Fn(Config) -> Result<C, FetchError>,
) -> Result<Config, ConfigError> {
    let var = text(var);
    let mut source = Config::new(var(name).unwrap_or_else(|| default.to_owned()));
    check(source.clone()).map_err(|error| ConfigError::Bad(name, error.to_string()))?;
    source.per_minute = number(&var, "SYNC_REQUESTS_PER_MINUTE", Config::PER_MINUTE)?;
    source.contact = var("SYNC_CONTACT");
    // The contact is sent in a header, so it cannot hold line breaks.
    check(source.clone())
        .map_err(|error| ConfigError::Bad("SYNC_CONTACT", format!("cannot be sent in a header: {error}")))?;
    Ok(source)
}

/// Reads `SYNC_MIN_AGE_HOURS` through `var`; in seconds.
///
/// # Errors
/// [`ConfigError`] if it is not a whole number.
pub(super) fn min_age(var: impl Fn(&str) -> Option<String>) -> Result<i64, ConfigError> {
    Ok(i64::from(number(text(var), "SYNC_MIN_AGE_HOURS", (MIN_AGE / 3600) as u32)?) * 3600)
}

/// An empty variable counts as absent.
pub(super) fn text(var: impl Fn(&str) -> Option<String>) -> impl Fn(&str) -> Option<String> {
    move |name| var(name).filter(|value| !value.trim().is_empty())
}

fn number(
    var: impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: u32,
) -> Result<u32, ConfigError> {
    let Some(text) = var(name) else { return Ok(default) };
    text.parse().map_err(|_| ConfigError::Bad(name, format!("is {text:?}, not a whole number")))
}
