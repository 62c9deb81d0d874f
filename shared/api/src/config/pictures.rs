//! Configuration of the pictures.

use std::env;

use adapters::pokeapi::{AssetSource, Config as SourceConfig};
use domain::assets::Pictures;
use door::config::ConfigError;

use super::source::{min_age, source, text};

/// The additional variables of the mirror.
pub const MIRROR_KEYS: [&str; 5] =
    ["PICTURES", "ASSETS_SOURCE_URL", "SYNC_REQUESTS_PER_MINUTE", "SYNC_CONTACT", "SYNC_MIN_AGE_HOURS"];

/// The additional variables of the deletion of orphans, which compares the published addresses with those that it would publish.
pub const ORPHAN_KEYS: [&str; 1] = ["PICTURES"];

/// Reads the addresses of pictures through `var`: `PICTURES` is `source` (PokeAPI's own, the default), `none` or `mirrored`. Mirrored files
/// are at the address at which the API is served.
///
/// # Errors
/// [`ConfigError`] names the variable that is wrong.
pub fn pictures(var: impl Fn(&str) -> Option<String>) -> Result<Pictures, ConfigError> {
    match text(var)("PICTURES").as_deref() {
        None | Some("source") => Ok(Pictures::Source),
        Some("none") => Ok(Pictures::None),
        Some("mirrored") => Ok(Pictures::Mirrored { base: "/".to_owned() }),
        Some(other) => {
            Err(ConfigError::Bad("PICTURES", format!("is {other:?}, not source, none or mirrored")))
        }
    }
}

/// The configuration of the mirror, in addition to [`Config`](super::Config).
#[derive(Clone, Debug)]
pub struct MirrorConfig {
    /// `PICTURES`: nothing is mirrored unless mirrored pictures are published.
    pub pictures: Pictures,
    /// `ASSETS_SOURCE_URL`, with PokeAPI's repositories as the default, `SYNC_REQUESTS_PER_MINUTE` and `SYNC_CONTACT`.
    pub source: SourceConfig,
    /// `SYNC_MIN_AGE_HOURS`, as for the sync.
    pub min_age_seconds: i64,
}

impl MirrorConfig {
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
            pictures: pictures(&var)?,
            source: source(&var, "ASSETS_SOURCE_URL", AssetSource::POKEAPI, AssetSource::new)?,
            min_age_seconds: min_age(&var)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<MirrorConfig, ConfigError> {
        MirrorConfig::read(with(pairs))
    }

    fn with(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn pictures_are_those_of_pokeapi_unless_they_are_mirrored() {
        let of = |pairs: &[(&str, &str)]| pictures(with(pairs)).expect("addresses");
        assert_eq!(of(&[]), Pictures::Source);
        assert_eq!(of(&[("PICTURES", "none")]), Pictures::None);
        assert_eq!(of(&[("PICTURES", "mirrored")]), Pictures::Mirrored { base: "/".to_owned() });
        assert_eq!(read(&[]).expect("a configuration").source.base_url, AssetSource::POKEAPI);
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable() {
        for (name, value) in [
            ("PICTURES", "on"),
            ("SYNC_REQUESTS_PER_MINUTE", "many"),
            ("ASSETS_SOURCE_URL", "https://example.com"),
            ("SYNC_CONTACT", "two\nlines"),
            ("SYNC_MIN_AGE_HOURS", "-1"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.to_string().contains(name), "{name}={value}: {error}");
        }
    }
}
