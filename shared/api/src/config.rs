//! Configuration: read and checked once, at the start.

use std::{env, path::PathBuf, time::Duration};

use adapters::{
    aws::Endpoint,
    export::Exports,
    invoke::Function,
    pokeapi::{Config as PokeApiConfig, PokeApi},
    store::Tables,
    tokens::KeySource,
};
use http::HeaderValue;

use crate::limits::Limits;

/// Every environment variable that the routes' functions read; the templates set no other.
pub const KEYS: [&str; 11] = [
    "CATALOG_TABLE",
    "APP_TABLE",
    "EPHEMERAL_TABLE",
    "AUDIT_TABLE",
    "ENVIRONMENT",
    "LOG_LEVEL",
    "CORS_ORIGINS",
    "SPRITE_BASE_URL",
    "SYNC_MAX_AGE_HOURS",
    "RATE_LIMITS",
    "ORIGIN_VERIFY_SHA256",
];

/// The additional variable of the functions that issue tokens: the location of the secret.
pub const ISSUER_KEYS: [&str; 1] = ["SIGNING_KEYS"];

/// The additional variable of the functions that have the catalogue written: the function that writes it.
pub const WRITER_KEYS: [&str; 1] = ["SYNC_FUNCTION"];

/// The additional variable of the functions that create an export, or delete an account with its export.
pub const EXPORT_KEYS: [&str; 1] = ["EXPORTS_BUCKET"];

/// The additional variables of the sync.
pub const SYNC_KEYS: [&str; 4] =
    ["POKEAPI_BASE_URL", "SYNC_REQUESTS_PER_MINUTE", "SYNC_CONTACT", "SYNC_MIN_AGE_HOURS"];

/// The deployment's kind.
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
    /// `CATALOG_TABLE`, `APP_TABLE`, `EPHEMERAL_TABLE` and `AUDIT_TABLE`, all required.
    pub tables: Tables,
    /// `ENVIRONMENT`: local, dev, staging or prod; local if absent.
    pub environment: Environment,
    /// `CORS_ORIGINS`: exact origins, separated by commas; none if absent.
    pub cors_origins: Vec<HeaderValue>,
    /// `SPRITE_BASE_URL`: the base URL of the pictures; PokeAPI's own if absent. Ends with a slash.
    pub sprite_base: String,
    /// `SYNC_MAX_AGE_HOURS`: an older catalogue is not ready; no limit if absent.
    pub sync_max_age: Option<Duration>,
    /// The interval between checks of the index pointer.
    pub index_check_every: Duration,
    /// How long a process caches the keys of tokens. A key is published an hour before it signs tokens, and an hour afterwards.
    pub keys_kept: Duration,
    /// The data folder on one machine. The API is not ready while its disk is full.
    pub data_folder: Option<PathBuf>,
    /// `SIGNING_KEYS`: the name or ARN of a secret or, on one machine, `file:` and a path. Only functions that issue tokens have it.
    pub signing_keys: Option<KeySource>,
    /// `SYNC_FUNCTION`: the name or ARN of the function that writes the catalogue. Only functions that invoke it have the variable.
    pub sync_function: Option<Function>,
    /// How long an administrator's request waits for the writer: the gateway gives up after 30 seconds.
    pub writer_patience: Duration,
    /// `EXPORTS_BUCKET`: the bucket for exports; if it is absent, the response is the file.
    pub exports: Option<Exports>,
    /// `RATE_LIMITS`: see [`Limits::parse`]; `None` if the variable is `off`, which staging and prod reject.
    pub limits: Option<Limits>,
    /// `ORIGIN_VERIFY_SHA256`: the SHA-256 hashes, in hexadecimal and separated by commas, of the `X-Origin-Verify` values that the
    /// CDN sends: the current value and, during a change, the previous one. Required in staging and prod, which reject requests that
    /// bypass the CDN.
    pub origin_verify: Vec<[u8; 32]>,
}

impl Config {
    /// Returns the issuer of the accepted tokens. Each deployment accepts only its own tokens.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("pokedex-{}", self.environment.name())
    }
}

/// An error in the configuration, naming the variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("the environment variable {0} is missing")]
    Missing(&'static str),
    #[error("the environment variable {0} {1}")]
    Bad(&'static str, String),
}

const SPRITES: &str = "https://raw.githubusercontent.com/PokeAPI/sprites/master/sprites/";

impl Config {
    /// Returns the configuration of the catalogue `catalog` and the tables beside it, with defaults for everything else.
    pub fn new(catalog: impl Into<String>) -> Self {
        Self {
            tables: Tables::beside(catalog),
            environment: Environment::Local,
            cors_origins: Vec::new(),
            sprite_base: SPRITES.to_owned(),
            sync_max_age: None,
            index_check_every: Duration::from_secs(30),
            keys_kept: Duration::from_secs(5 * 60),
            data_folder: None,
            signing_keys: None,
            sync_function: None,
            writer_patience: Duration::from_secs(25),
            exports: None,
            limits: Some(Limits::default()),
            origin_verify: Vec::new(),
        }
    }

    /// Reads the configuration from the environment.
    ///
    /// # Errors
    /// [`ConfigError`] names the first variable that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| env::var(name).ok())
    }

    /// Reads the variables through `var`. An empty variable counts as absent.
    ///
    /// # Errors
    /// As [`Self::from_env`].
    pub fn read(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let var = |name: &'static str| var(name).filter(|value| !value.trim().is_empty());
        let table = |name: &'static str| var(name).ok_or(ConfigError::Missing(name));
        let mut config = Self::new(table("CATALOG_TABLE")?);
        config.tables.app = table("APP_TABLE")?;
        config.tables.ephemeral = table("EPHEMERAL_TABLE")?;
        config.tables.audit = table("AUDIT_TABLE")?;
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
        config.sync_function =
            var("SYNC_FUNCTION").map(|name| Function { name, endpoint: Endpoint::Environment });
        config.exports = var("EXPORTS_BUCKET").map(|bucket| Exports { bucket, endpoint: None });
        config.read_defences(var)?;
        Ok(config)
    }

    /// Reads the variables that protect a public deployment.
    fn read_defences(&mut self, var: impl Fn(&'static str) -> Option<String>) -> Result<(), ConfigError> {
        let is_public = matches!(self.environment, Environment::Staging | Environment::Prod);
        self.signing_keys = match var("SIGNING_KEYS") {
            None => None,
            Some(keys) => Some(match keys.strip_prefix("file:") {
                Some(_) if is_public => {
                    let reason = "is a file, which is for one machine only".to_owned();
                    return Err(ConfigError::Bad("SIGNING_KEYS", reason));
                }
                Some(path) => KeySource::File(path.into()),
                None => KeySource::Secret(keys),
            }),
        };
        if let Some(text) = var("RATE_LIMITS") {
            self.limits = match text.as_str() {
                "off" if is_public => {
                    let reason = format!("cannot be off in {}", self.environment.name());
                    return Err(ConfigError::Bad("RATE_LIMITS", reason));
                }
                "off" => None,
                text => Some(Limits::parse(text).map_err(|reason| ConfigError::Bad("RATE_LIMITS", reason))?),
            };
        }
        for hash in var("ORIGIN_VERIFY_SHA256").iter().flat_map(|list| list.split(',')).map(str::trim) {
            let reason = || "holds a value that is not a SHA-256 in hexadecimal".to_owned();
            let hash = parse_hash(hash).ok_or_else(|| ConfigError::Bad("ORIGIN_VERIFY_SHA256", reason()))?;
            self.origin_verify.push(hash);
        }
        if is_public && self.origin_verify.is_empty() {
            return Err(ConfigError::Missing("ORIGIN_VERIFY_SHA256"));
        }
        Ok(())
    }
}

fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(hash)
}

/// The configuration of the scheduled sync, in addition to [`Config`].
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

fn parse_origin(origin: &str) -> Result<HeaderValue, ConfigError> {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let is_origin = rest.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
    });
    let bad = || {
        let reason = format!("names {origin:?}, which is not an exact origin like https://pokedex.example");
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
        Config::read(|name| {
            let given = pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            given.or_else(|| (name.ends_with("_TABLE") && name != "CATALOG_TABLE").then(|| "t".to_owned()))
        })
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
            ("RATE_LIMITS", "none"),
            ("RATE_LIMITS", "account=1/3600"),
            ("ORIGIN_VERIFY_SHA256", "secret"),
        ] {
            let error = read(&[("CATALOG_TABLE", "t"), (name, value)]).unwrap_err();
            assert!(error.to_string().contains(name), "{name}={value}: {error}");
        }
    }

    #[test]
    fn a_public_deployment_requires_its_defences() {
        let hash = "ab".repeat(32);
        let public = |more: &[(&str, &str)]| {
            let mut pairs =
                vec![("CATALOG_TABLE", "t"), ("ENVIRONMENT", "prod"), ("ORIGIN_VERIFY_SHA256", &hash)];
            pairs.splice(0..0, more.iter().copied());
            read(&pairs)
        };
        assert_eq!(public(&[]).unwrap().origin_verify, [[0xab; 32]]);
        assert_eq!(
            public(&[("ORIGIN_VERIFY_SHA256", "")]).unwrap_err(),
            ConfigError::Missing("ORIGIN_VERIFY_SHA256")
        );
        for (name, value) in [("RATE_LIMITS", "off"), ("SIGNING_KEYS", "file:keys.json")] {
            assert!(public(&[(name, value)]).unwrap_err().to_string().contains(name));
            let staging = public(&[(name, value), ("ENVIRONMENT", "staging")]);
            assert!(staging.unwrap_err().to_string().contains(name));
            assert!(public(&[(name, value), ("ENVIRONMENT", "dev")]).is_ok());
        }
        assert!(public(&[("RATE_LIMITS", "login=50/60")]).is_ok());
    }

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

    #[test]
    fn origins_are_read_one_by_one() {
        let config =
            read(&[("CATALOG_TABLE", "t"), ("CORS_ORIGINS", "https://a.example, http://localhost:5173")]);
        assert_eq!(config.unwrap().cors_origins, ["https://a.example", "http://localhost:5173"]);
    }
}
