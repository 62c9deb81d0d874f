//! Configuration: read and checked once, at the start.

mod pictures;
mod source;
mod sync;

use std::{env, path::PathBuf, time::Duration};

use adapters::{aws::Endpoint, export::Exports, invoke::Function, secrets::Secret};
use door::{config::ConfigError, route::Need};

pub use pictures::{MIRROR_KEYS, MirrorConfig, ORPHAN_KEYS, pictures};
pub use sync::{SYNC_KEYS, SyncConfig};

/// The environment variables that every function of a route reads, in addition to the [door's](door::config::KEYS).
pub const KEYS: [&str; 2] = ["SPRITE_BASE_URL", "SYNC_MAX_AGE_HOURS"];

/// Returns the environment variable that only functions with this need have.
#[must_use]
pub const fn variable_of(need: Need) -> Option<&'static str> {
    match need {
        Need::SigningKeys => Some("SIGNING_KEYS"),
        Need::Writer => Some("SYNC_FUNCTION"),
        Need::Exports | Need::ExportDeletion => Some("EXPORTS_BUCKET"),
        Need::Verification => Some("ORIGIN_VERIFY"),
        Need::Notices => Some("NOTICES_TOPIC"),
        Need::AssetStorage | Need::AssetDeletion => Some("ASSETS_BUCKET"),
        Need::ProbeAccount => Some("PROBE_ACCOUNT"),
        Need::Invalidation | Need::LittleMemory | Need::WholeProcessor => None,
    }
}

#[derive(Clone, Debug)]
pub struct Config {
    /// The configuration that does not depend on what the routes serve.
    pub door: door::Config,
    /// `SPRITE_BASE_URL`: the base URL of the pictures; PokeAPI's own if absent. Ends with a slash.
    pub sprite_base: String,
    /// `SYNC_MAX_AGE_HOURS`: an older catalogue is not ready; no limit if absent.
    pub sync_max_age: Option<Duration>,
    /// The interval between checks of the index pointer.
    pub index_check_every: Duration,
    /// The data folder on one machine. The API is not ready while its disk is full.
    pub data_folder: Option<PathBuf>,
    /// `SYNC_FUNCTION`: the name or ARN of the function that writes the catalogue. Only functions that invoke it have the variable.
    pub sync_function: Option<Function>,
    /// The longest time that an administrator's request waits for the writer: the gateway gives up after 30 seconds.
    pub writer_patience: Duration,
    /// `ORIGIN_VERIFY`: the name of the secret with the value of `X-Origin-Verify`. Only the function that verifies releases has it.
    pub origin_verify: Option<String>,
    /// `NOTICES_TOPIC`: the ARN of the topic for notices; without it, none are sent.
    pub notices: Option<String>,
    /// `ASSETS_BUCKET`: the bucket of mirrored files. Only functions that write it have the variable.
    pub assets: Option<String>,
    /// `EXPORTS_BUCKET`: the bucket for exports; if it is absent, the response is the file.
    pub exports: Option<Exports>,
    /// `PROBE_ACCOUNT`: the secret with the credentials of the account that the probe uses. Outside staging and prod it may be `file:` and
    /// a path. Only the probe has it.
    pub probe_account: Option<Secret>,
}

const SPRITES: &str = "https://raw.githubusercontent.com/PokeAPI/sprites/master/sprites/";

impl Config {
    /// Returns the configuration of the catalogue `catalog` and the tables beside it, with defaults for everything else.
    pub fn new(catalog: impl Into<String>) -> Self {
        Self {
            door: door::Config::new(catalog),
            sprite_base: SPRITES.to_owned(),
            sync_max_age: None,
            index_check_every: Duration::from_secs(30),
            data_folder: None,
            sync_function: None,
            writer_patience: Duration::from_secs(25),
            origin_verify: None,
            notices: None,
            assets: None,
            exports: None,
            probe_account: None,
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
        let door = door::Config::read(var)?;
        let mut config = Self { door, ..Self::new("") };
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
        config.origin_verify = var("ORIGIN_VERIFY");
        config.notices = var("NOTICES_TOPIC");
        config.assets = var("ASSETS_BUCKET");
        config.exports = var("EXPORTS_BUCKET").map(|bucket| Exports { bucket, endpoint: None });
        config.probe_account = var("PROBE_ACCOUNT").map(|place| Secret::at(&place));
        if matches!(config.probe_account, Some(Secret::File(_)))
            && config.door.deployment.environment.is_stable()
        {
            return Err(ConfigError::Bad("PROBE_ACCOUNT", "is a file, which is for tests only".to_owned()));
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            let value = pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            value.or_else(|| (name.ends_with("_TABLE") && name != "CATALOG_TABLE").then(|| "t".to_owned()))
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
        assert_eq!(public(&[]).unwrap().door.origin_verify, [[0xab; 32]]);
        assert_eq!(
            public(&[("ORIGIN_VERIFY_SHA256", "")]).unwrap_err(),
            ConfigError::Missing("ORIGIN_VERIFY_SHA256")
        );
        for (name, value) in
            [("RATE_LIMITS", "off"), ("SIGNING_KEYS", "file:keys.json"), ("PROBE_ACCOUNT", "file:probe.json")]
        {
            assert!(public(&[(name, value)]).unwrap_err().to_string().contains(name));
            let staging = public(&[(name, value), ("ENVIRONMENT", "staging")]);
            assert!(staging.unwrap_err().to_string().contains(name));
            assert!(public(&[(name, value), ("ENVIRONMENT", "dev")]).is_ok());
        }
        assert!(public(&[("RATE_LIMITS", "login=50/60")]).is_ok());
    }

    #[test]
    fn origins_are_read_one_by_one() {
        let config =
            read(&[("CATALOG_TABLE", "t"), ("CORS_ORIGINS", "https://a.example, http://localhost:5173")]);
        assert_eq!(config.unwrap().door.cors_origins, ["https://a.example", "http://localhost:5173"]);
    }
}
