//! Configuration of the door: read and checked once, at the start.

use std::time::Duration;

use adapters::{store::Tables, tokens::KeySource};
use http::HeaderValue;

use crate::{
    environment::{Deployment, Environment, UnknownEnvironment},
    limits::Limits,
};

/// The environment variables that every function of a route reads.
pub const KEYS: [&str; 11] = [
    "CATALOG_TABLE",
    "APP_TABLE",
    "EPHEMERAL_TABLE",
    "AUDIT_TABLE",
    "ENVIRONMENT",
    "RELEASE",
    "METRICS",
    "LOG_LEVEL",
    "CORS_ORIGINS",
    "RATE_LIMITS",
    "ORIGIN_VERIFY_SHA256",
];

#[derive(Clone, Debug)]
pub struct Config {
    /// `CATALOG_TABLE`, `APP_TABLE`, `EPHEMERAL_TABLE` and `AUDIT_TABLE`, all required.
    pub tables: Tables,
    /// `ENVIRONMENT`, local if absent, with `RELEASE` and `METRICS`.
    pub deployment: Deployment,
    /// `CORS_ORIGINS`: exact origins, separated by commas; none if absent.
    pub cors_origins: Vec<HeaderValue>,
    /// The time for which a process caches the keys of tokens. A key is published an hour before it signs tokens, and an hour afterwards.
    pub keys_kept: Duration,
    /// `SIGNING_KEYS`: the name or ARN of a secret or, on one machine, `file:` and a path. Only functions that issue tokens have it.
    pub signing_keys: Option<KeySource>,
    /// `RATE_LIMITS`: see [`Limits::parse`]; `None` if the variable is `off`, which staging and prod reject.
    pub limits: Option<Limits>,
    /// `ORIGIN_VERIFY_SHA256`: the SHA-256 hashes, in hexadecimal and separated by commas, of the `X-Origin-Verify` values that the
    /// CDN sends: the current value and, during a change, the previous one. Required in staging and prod, which reject requests that
    /// bypass the CDN.
    pub origin_verify: Vec<[u8; 32]>,
}

/// An error in the configuration, naming the variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("the environment variable {0} is missing")]
    Missing(&'static str),
    #[error("the environment variable {0} {1}")]
    Bad(&'static str, String),
}

/// Reads the names of the tables through `var`, as [`Config::read`] does.
///
/// # Errors
/// [`ConfigError::Missing`] names the first variable that is missing.
pub fn tables(var: impl Fn(&'static str) -> Option<String>) -> Result<Tables, ConfigError> {
    let table = |name: &'static str| var(name).ok_or(ConfigError::Missing(name));
    Ok(Tables {
        catalog: table("CATALOG_TABLE")?,
        app: table("APP_TABLE")?,
        ephemeral: table("EPHEMERAL_TABLE")?,
        audit: table("AUDIT_TABLE")?,
    })
}

impl Config {
    /// Returns the configuration of the catalogue table `catalog` and the tables beside it, with defaults for everything else.
    pub fn new(catalog: impl Into<String>) -> Self {
        Self {
            tables: Tables::beside(catalog),
            deployment: Deployment::local(),
            cors_origins: Vec::new(),
            keys_kept: Duration::from_secs(5 * 60),
            signing_keys: None,
            limits: Some(Limits::default()),
            origin_verify: Vec::new(),
        }
    }

    /// Returns the issuer of the accepted tokens. Each deployment accepts only its own tokens.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("pokedex-{}", self.deployment.environment)
    }

    /// Reads the variables through `var`, which returns `None` for a variable that is absent or empty.
    ///
    /// # Errors
    /// [`ConfigError`] names the first variable that is missing or wrong.
    pub fn read(var: impl Fn(&'static str) -> Option<String>) -> Result<Self, ConfigError> {
        let tables = tables(&var)?;
        let mut config = Self { tables, ..Self::new("") };
        config.read_deployment(&var)?;
        for origin in var("CORS_ORIGINS").iter().flat_map(|list| list.split(',')).map(str::trim) {
            config.cors_origins.push(parse_origin(origin)?);
        }
        config.read_defences(var)?;
        Ok(config)
    }

    /// Reads the variables about the deployment itself.
    fn read_deployment(&mut self, var: impl Fn(&'static str) -> Option<String>) -> Result<(), ConfigError> {
        if let Some(name) = var("ENVIRONMENT") {
            let bad = |error: UnknownEnvironment| ConfigError::Bad("ENVIRONMENT", error.to_string());
            self.deployment.environment = name.parse().map_err(bad)?;
        }
        if let Some(release) = var("RELEASE") {
            self.deployment.release = release.into();
        }
        self.deployment.metrics = match var("METRICS").as_deref() {
            None | Some("on") => self.deployment.environment != Environment::Local,
            Some("off") => false,
            Some(other) => return Err(ConfigError::Bad("METRICS", format!("is {other:?}, not on or off"))),
        };
        Ok(())
    }

    /// Reads the variables that protect a public deployment.
    fn read_defences(&mut self, var: impl Fn(&'static str) -> Option<String>) -> Result<(), ConfigError> {
        let is_public = self.deployment.environment.is_stable();
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
                    let reason = format!("cannot be off in {}", self.deployment.environment);
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
