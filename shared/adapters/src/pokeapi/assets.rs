//! The hosts of PokeAPI's pictures and sounds.

use domain::{assets::AssetId, facts::AssetKind};
use reqwest::Url;

use super::http::{Config, Download, FetchError, Http};

/// The only host whose pictures are mirrored, but for this machine.
const HOST: &str = "raw.githubusercontent.com";

/// A client of the hosts of pictures and sounds. Addresses are built from the paths in facts, so that no document can name another host.
#[derive(Debug)]
pub struct AssetSource {
    http: Http,
}

impl AssetSource {
    /// The address of PokeAPI's repositories of pictures and sounds.
    pub const POKEAPI: &str = "https://raw.githubusercontent.com/PokeAPI";

    /// Creates a client of [`Self::POKEAPI`], or of an address on this machine with the folders `sprites` and `cries`.
    ///
    /// # Errors
    /// If the base address is another one, or TLS cannot be set up.
    pub fn new(config: Config) -> Result<Self, FetchError> {
        let allowed = Url::parse(&config.base_url).is_ok_and(|url| match (url.scheme(), url.host_str()) {
            ("https", Some(HOST)) => config.base_url == Self::POKEAPI,
            ("http", Some("127.0.0.1" | "localhost" | "[::1]")) => true,
            _ => false,
        });
        if !allowed {
            return Err(FetchError::Address(config.base_url));
        }
        Ok(Self { http: Http::new(config)? })
    }

    #[must_use]
    pub const fn config(&self) -> &Config {
        self.http.config()
    }

    /// Fetches an asset of at most `limit` bytes. `None` if it has not changed since `etag`.
    ///
    /// # Errors
    /// [`FetchError`] after the last attempt, or immediately if another attempt cannot help.
    pub async fn fetch(
        &self,
        id: &AssetId,
        etag: Option<&str>,
        limit: usize,
    ) -> Result<Option<Download>, FetchError> {
        let url = self.address(id);
        self.http.retried(async || self.http.get(&url, etag, limit).await).await
    }

    fn address(&self, id: &AssetId) -> String {
        let base = &self.config().base_url;
        let folder = id.kind.folder();
        match (base == Self::POKEAPI, id.kind) {
            (false, _) => format!("{base}/{folder}/{}", id.path),
            (true, AssetKind::Cry) => format!("{base}/cries/main/{folder}/{}", id.path),
            (true, _) => format!("{base}/sprites/master/{folder}/{}", id.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_of_pokeapi_and_this_machine_are_asked() {
        for base in [AssetSource::POKEAPI, "http://127.0.0.1:8900", "http://localhost:1"] {
            AssetSource::new(Config::new(base)).expect("an allowed address");
        }
        for base in [
            "https://raw.githubusercontent.com/another",
            "http://raw.githubusercontent.com/PokeAPI",
            "https://example.com",
            "http://127.0.0.1.example.com",
            "http://169.254.169.254",
            "nowhere",
        ] {
            assert!(matches!(AssetSource::new(Config::new(base)), Err(FetchError::Address(_))), "{base}");
        }
    }

    #[test]
    fn an_address_is_made_of_the_base_the_folder_and_the_path() {
        let source = AssetSource::new(Config::new(AssetSource::POKEAPI)).expect("an allowed address");
        let address = |kind, path: &str| source.address(&AssetId { kind, path: path.to_owned() });
        assert_eq!(
            address(AssetKind::Home, "pokemon/other/home/25.png"),
            "https://raw.githubusercontent.com/PokeAPI/sprites/master/sprites/pokemon/other/home/25.png"
        );
        assert_eq!(
            address(AssetKind::Cry, "pokemon/latest/25.ogg"),
            "https://raw.githubusercontent.com/PokeAPI/cries/main/cries/pokemon/latest/25.ogg"
        );
    }
}
