//! Configuration of the scheduled sync.

use std::env;

use adapters::pokeapi::{Config as PokeApiConfig, PokeApi};
use domain::assets::Pictures;
use door::config::ConfigError;

use super::{
    pictures::pictures,
    source::{self, min_age, source},
};

/// The additional variables of the sync.
pub const SYNC_KEYS: [&str; 5] =
    ["POKEAPI_BASE_URL", "SYNC_REQUESTS_PER_MINUTE", "SYNC_CONTACT", "SYNC_MIN_AGE_HOURS", "PICTURES"];

/// The configuration of the scheduled sync, in addition to [`Config`](super::Config).
#[derive(Clone, Debug)]
pub struct SyncConfig {
    /// `POKEAPI_BASE_URL`, `SYNC_REQUESTS_PER_MINUTE` and `SYNC_CONTACT`, each with a default.
    pub pokeapi: PokeApiConfig,
    /// `SYNC_MIN_AGE_HOURS`: the sync does not repeat a run that finished within this time. The default of 20 hours lets a
    /// schedule of every quarter of an hour continue a daily refresh until it is done.
    pub min_age_seconds: i64,
    /// `PICTURES`: the addresses of pictures in the records that are published.
    pub pictures: Pictures,
}

impl SyncConfig {
    /// The default, in seconds.
    pub const MIN_AGE: i64 = source::MIN_AGE;

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
        Ok(Self {
            pokeapi: source(&var, "POKEAPI_BASE_URL", PokeApiConfig::POKEAPI, PokeApi::new)?,
            min_age_seconds: min_age(&var)?,
            pictures: pictures(&var)?,
        })
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
