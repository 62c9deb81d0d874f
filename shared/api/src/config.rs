//! Configuration: read and checked once, at the start.

use std::{env, time::Duration};

use adapters::pokeapi::{Config as PokeApiConfig, PokeApi};
use http::HeaderValue;

/// Every environment variable that the routes' functions read; the templates set no other.
pub const KEYS: [&str; 6] =
    ["CATALOG_TABLE", "ENVIRONMENT", "LOG_LEVEL", "CORS_ORIGINS", "SPRITE_BASE_URL", "SYNC_MAX_AGE_HOURS"];

/// Those that the sync reads besides.
pub const SYNC_KEYS: [&str; 4] =
    ["POKEAPI_BASE_URL", "SYNC_REQUESTS_PER_MINUTE", "SYNC_CONTACT", "SYNC_MIN_AGE_HOURS"];

/// Which deployment this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    Local,
    Dev,
    Staging,
    Prod,
}

impl Environment {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Prod => "prod",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Config {
    /// `CATALOG_TABLE`, required.
    pub catalog_table: String,
    /// `ENVIRONMENT`: local, dev, staging or prod; local where absent.
    pub environment: Environment,
    /// `CORS_ORIGINS`: exact origins, separated by commas; none where absent.
    pub cors_origins: Vec<HeaderValue>,
    /// `SPRITE_BASE_URL`: where pictures are served from; PokeAPI's own where absent. Ends with a slash.
    pub sprite_base: String,
    /// `SYNC_MAX_AGE_HOURS`: an older catalogue is not ready; no limit where absent.
    pub sync_max_age: Option<Duration>,
    /// How often the index pointer is checked.
    pub index_check_every: Duration,
}

/// What is wrong with the configuration, naming the variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("the environment variable {0} is missing")]
    Missing(&'static str),
    #[error("the environment variable {0} {1}")]
    Bad(&'static str, String),
}

const SPRITES: &str = "https://raw.githubusercontent.com/PokeAPI/sprites/master/sprites/";

impl Config {
    /// The configuration of a catalogue in `table`, everything else as it is by default.
    pub fn new(table: impl Into<String>) -> Self {
        Self {
            catalog_table: table.into(),
            environment: Environment::Local,
            cors_origins: Vec::new(),
            sprite_base: SPRITES.to_owned(),
            sync_max_age: None,
            index_check_every: Duration::from_secs(30),
        }
    }

    /// # Errors
    /// [`ConfigError`] names the first variable that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| env::var(name).ok())
    }

    /// Reads the variables through `var`. An empty one counts as absent.
    ///
    /// # Errors
    /// As [`Self::from_env`].
    pub fn read(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let var = |name: &'static str| var(name).filter(|value| !value.trim().is_empty());
        let mut config = Self::new(var("CATALOG_TABLE").ok_or(ConfigError::Missing("CATALOG_TABLE"))?);
        if let Some(name) = var("ENVIRONMENT") {
            config.environment = match name.as_str() {
                "local" => Environment::Local,
                "dev" => Environment::Dev,
                "staging" => Environment::Staging,
                "prod" => Environment::Prod,
                other => {
                    let reason = format!("is {other:?}, not local, dev, staging or prod");
                    return Err(ConfigError::Bad("ENVIRONMENT", reason));
                }
            };
        }
        for origin in var("CORS_ORIGINS").iter().flat_map(|list| list.split(',')).map(str::trim) {
            config.cors_origins.push(parse_origin(origin)?);
        }
        if let Some(base) = var("SPRITE_BASE_URL") {
            if !(base.starts_with("https://") || base.starts_with("http://")) {
                let reason = format!("is {base:?}, not an http(s) address");
                return Err(ConfigError::Bad("SPRITE_BASE_URL", reason));
            }
            config.sprite_base = format!("{}/", base.trim_end_matches('/'));
        }
        if let Some(hours) = var("SYNC_MAX_AGE_HOURS") {
            let parsed = hours.parse::<u32>().ok().filter(|hours| *hours > 0);
            let bad =
                || ConfigError::Bad("SYNC_MAX_AGE_HOURS", format!("is {hours:?}, not a number of hours"));
            config.sync_max_age = Some(Duration::from_secs(u64::from(parsed.ok_or_else(bad)?) * 3600));
        }
        Ok(config)
    }
}

/// What the scheduled sync needs besides [`Config`].
#[derive(Clone, Debug)]
pub struct SyncConfig {
    /// `POKEAPI_BASE_URL`, `SYNC_REQUESTS_PER_MINUTE` and `SYNC_CONTACT`, each with a default.
    pub pokeapi: PokeApiConfig,
    /// `SYNC_MIN_AGE_HOURS`: a run that finished later than this is not repeated; 20 where absent, so that a daily
    /// refresh may be scheduled every quarter of an hour and go on until it is done.
    pub min_age_seconds: i64,
}

impl SyncConfig {
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
        // A header's value: no line breaks.
        PokeApi::new(pokeapi.clone()).map_err(|error| {
            ConfigError::Bad("SYNC_CONTACT", format!("cannot be sent in a header: {error}"))
        })?;
        Ok(Self { pokeapi, min_age_seconds: i64::from(number("SYNC_MIN_AGE_HOURS", 20)?) * 3600 })
    }
}

fn parse_origin(origin: &str) -> Result<HeaderValue, ConfigError> {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let is_origin = rest.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
    });
    let bad = || {
        let reason = format!("names {origin:?}, which is no exact origin like https://pokedex.example");
        ConfigError::Bad("CORS_ORIGINS", reason)
    };
    if !is_origin {
        return Err(bad());
    }
    HeaderValue::from_str(origin).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_missing_variable_is_named() {
        assert_eq!(read(&[]).unwrap_err().to_string(), "the environment variable CATALOG_TABLE is missing");
        assert_eq!(read(&[("CATALOG_TABLE", " ")]).unwrap_err(), ConfigError::Missing("CATALOG_TABLE"));
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable() {
        for (name, value) in [
            ("ENVIRONMENT", "production"),
            ("CORS_ORIGINS", "*"),
            ("CORS_ORIGINS", "https://a.example, https://b.example/path"),
            ("SPRITE_BASE_URL", "//cdn"),
            ("SYNC_MAX_AGE_HOURS", "0"),
        ] {
            let error = read(&[("CATALOG_TABLE", "t"), (name, value)]).unwrap_err();
            assert!(error.to_string().contains(name), "{name}={value}: {error}");
        }
    }

    #[test]
    fn the_sync_is_polite_unless_it_is_told_otherwise() {
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

    #[test]
    fn origins_are_read_one_by_one() {
        let config =
            read(&[("CATALOG_TABLE", "t"), ("CORS_ORIGINS", "https://a.example, http://localhost:5173")]);
        assert_eq!(config.unwrap().cors_origins, ["https://a.example", "http://localhost:5173"]);
    }
}
