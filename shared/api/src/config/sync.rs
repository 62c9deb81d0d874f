//! Configuration of the scheduled sync.

use std::env;

use adapters::pokeapi::{Config as PokeApiConfig, PokeApi};
use door::config::ConfigError;

/// The additional variables of the sync.
pub const SYNC_KEYS: [&str; 4] =
    ["POKEAPI_BASE_URL", "SYNC_REQUESTS_PER_MINUTE", "SYNC_CONTACT", "SYNC_MIN_AGE_HOURS"];

/// The configuration of the scheduled sync, in addition to [`Config`](super::Config).
#[derive(Clone, Debug)]
pub struct SyncConfig {
    /// `POKEAPI_BASE_URL`, `SYNC_REQUESTS_PER_MINUTE` and `SYNC_CONTACT`, each with a default.
    pub pokeapi: PokeApiConfig,
    /// `SYNC_MIN_AGE_HOURS`: the sync does not repeat a run that finished within this time. The default of 20 hours lets a
    /// schedule of every quarter of an hour continue a daily refresh until it is done.
    pub min_age_seconds: i64,
}

impl SyncConfig {
    /// The default, in seconds.
    pub const MIN_AGE: i64 = 20 * 3600;

    /// Reads the configuration from the environment.
    ///
    /// # Errors
    /// [`ConfigError`] names the first variable that is wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| env::var(name).ok())
    }

    /// Reads the variables through `var`.
    ///
    /// # Errors
    /// As [`Self::from_env`].
    pub fn read(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let var = |name: &'static str| var(name).filter(|value| !value.trim().is_empty());
        let number = |name: &'static str, default: u32| match var(name) {
            None => Ok(default),
            Some(text) => {
                text.parse().map_err(|_| ConfigError::Bad(name, format!("is {text:?}, not a whole number")))
            }
        };
        let base = var("POKEAPI_BASE_URL").unwrap_or_else(|| PokeApiConfig::POKEAPI.to_owned());
        let mut pokeapi = PokeApiConfig::new(base);
        PokeApi::new(pokeapi.clone())
            .map_err(|error| ConfigError::Bad("POKEAPI_BASE_URL", error.to_string()))?;
        pokeapi.per_minute = number("SYNC_REQUESTS_PER_MINUTE", PokeApiConfig::PER_MINUTE)?;
        pokeapi.contact = var("SYNC_CONTACT");
        // The contact is sent in a header, so it cannot hold line breaks.
        PokeApi::new(pokeapi.clone()).map_err(|error| {
            ConfigError::Bad("SYNC_CONTACT", format!("cannot be sent in a header: {error}"))
        })?;
        let hours = number("SYNC_MIN_AGE_HOURS", (Self::MIN_AGE / 3600) as u32)?;
        Ok(Self { pokeapi, min_age_seconds: i64::from(hours) * 3600 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sync_is_polite_by_default() {
        let read = |pairs: &'static [(&str, &str)]| {
            SyncConfig::read(|name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(read(&[]).unwrap().pokeapi.per_minute, 100);
        for (name, pairs) in [
            ("POKEAPI_BASE_URL", [("POKEAPI_BASE_URL", "ftp://pokeapi.co")].as_slice()),
            ("SYNC_REQUESTS_PER_MINUTE", &[("SYNC_REQUESTS_PER_MINUTE", "many")]),
            ("SYNC_CONTACT", &[("SYNC_CONTACT", "two\nlines")]),
            ("SYNC_MIN_AGE_HOURS", &[("SYNC_MIN_AGE_HOURS", "-1")]),
        ] {
            assert!(read(pairs).unwrap_err().to_string().contains(name));
        }
    }
}
