//! Variables with whole numbers.

use door::config::ConfigError;

/// Reads the number in the variable `name` through `var`.
///
/// # Errors
/// [`ConfigError`] if it is not a whole number.
pub(super) fn number(
    var: impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: u32,
) -> Result<u32, ConfigError> {
    match var(name).filter(|value| !value.trim().is_empty()) {
        None => Ok(default),
        Some(text) => {
            text.parse().map_err(|_| ConfigError::Bad(name, format!("is {text:?}, not a whole number")))
        }
    }
}

/// The default of `SYNC_MIN_AGE_HOURS`, in seconds.
pub(super) const MIN_AGE: i64 = 20 * 3600;

/// Reads `SYNC_MIN_AGE_HOURS` through `var`; in seconds.
///
/// # Errors
/// As [`number`].
pub(super) fn min_age(var: impl Fn(&str) -> Option<String>) -> Result<i64, ConfigError> {
    Ok(i64::from(number(var, "SYNC_MIN_AGE_HOURS", (MIN_AGE / 3600) as u32)?) * 3600)
}
