//! Configuration of the pictures.

use std::env;

use adapters::pokeapi::{AssetSource, Config as SourceConfig};
use domain::assets::Pictures;
use door::config::ConfigError;

use super::numbers::min_age;

/// The additional variables of the mirror.
pub const MIRROR_KEYS: [&str; 3] = ["ASSETS_SOURCE_URL", "SYNC_CONTACT", "SYNC_MIN_AGE_HOURS"];

/// The additional variables of the deletion of orphans, which compares the published addresses with those that it would publish.
pub const ORPHAN_KEYS: [&str; 2] = ["PICTURES", "ASSETS_BASE_URL"];

/// Reads the addresses of pictures through `var`. `PICTURES` is `source` (PokeAPI's own, the default), `none` or `mirrored`;
/// `ASSETS_BASE_URL` is the address above the folder of mirrored files, by default the one at which the API is served.
///
/// # Errors
/// [`ConfigError`] names the variable that is wrong.
pub fn pictures(var: impl Fn(&str) -> Option<String>) -> Result<Pictures, ConfigError> {
    let var = |name: &'static str| var(name).filter(|value| !value.trim().is_empty());
    let base = var("ASSETS_BASE_URL").unwrap_or_else(|| "/".to_owned());
    if !(base.starts_with("https://") || base.starts_with("http://") || base == "/") {
        let reason = format!("is {base:?}, neither / nor an http(s) address");
        return Err(ConfigError::Bad("ASSETS_BASE_URL", reason));
    }
    match var("PICTURES").as_deref() {
        None | Some("source") => Ok(Pictures::Source),
        Some("none") => Ok(Pictures::None),
        Some("mirrored") => Ok(Pictures::Mirrored { base: format!("{}/", base.trim_end_matches('/')) }),
        Some(other) => {
            Err(ConfigError::Bad("PICTURES", format!("is {other:?}, not source, none or mirrored")))
        }
    }
}

/// The configuration of the mirror, in addition to [`Config`](super::Config).
#[derive(Clone, Debug)]
pub struct MirrorConfig {
    /// `ASSETS_SOURCE_URL`, with PokeAPI's repositories as the default, and `SYNC_CONTACT`.
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
        let value = |name: &'static str| var(name).filter(|value| !value.trim().is_empty());
        let base = value("ASSETS_SOURCE_URL").unwrap_or_else(|| AssetSource::POKEAPI.to_owned());
        let mut source = SourceConfig::new(base);
        AssetSource::new(source.clone())
            .map_err(|error| ConfigError::Bad("ASSETS_SOURCE_URL", error.to_string()))?;
        source.contact = value("SYNC_CONTACT");
        AssetSource::new(source.clone()).map_err(|error| {
            ConfigError::Bad("SYNC_CONTACT", format!("cannot be sent in a header: {error}"))
        })?;
        Ok(Self { source, min_age_seconds: min_age(&var)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<MirrorConfig, ConfigError> {
        pictures(with(pairs))?;
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
        let base = [("PICTURES", "mirrored"), ("ASSETS_BASE_URL", "https://pokedex.example")];
        assert_eq!(of(&base), Pictures::Mirrored { base: "https://pokedex.example/".to_owned() });
        assert_eq!(read(&[]).expect("a configuration").source.base_url, AssetSource::POKEAPI);
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable() {
        for (name, value) in [
            ("PICTURES", "on"),
            ("ASSETS_BASE_URL", "//cdn"),
            ("ASSETS_SOURCE_URL", "https://example.com"),
            ("SYNC_CONTACT", "two\nlines"),
            ("SYNC_MIN_AGE_HOURS", "-1"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.to_string().contains(name), "{name}={value}: {error}");
        }
    }
}
