//! PokeAPI's resources and lists, one request at a time.

use std::time::Duration;

use domain::facts::{Fact, Kind};
use serde::Deserialize;

use super::{
    document::{Invalid, id_in},
    http::{Config, Download, FetchError, Http, LONGEST_WAIT},
    reduce::reduce,
};

/// An answer.
#[derive(Debug)]
pub enum Fetched {
    /// 304: the resource has not changed since its ETag was stored.
    Unchanged,
    Changed {
        fact: Box<Fact>,
        etag: Option<String>,
    },
}

/// The client. Share it by reference: a clone is expensive.
#[derive(Debug)]
pub struct PokeApi {
    http: Http,
}

#[derive(Deserialize)]
struct ListPage {
    count: usize,
    results: Vec<ListRow>,
}

#[derive(Deserialize)]
struct ListRow {
    url: String,
}

impl PokeApi {
    /// # Errors
    /// If the base address is not an http(s) address, or TLS cannot be set up.
    pub fn new(config: Config) -> Result<Self, FetchError> {
        Ok(Self { http: Http::new(config)? })
    }

    /// The longest wait, whatever the source asks for: a day.
    pub(crate) const LONGEST_WAIT: Duration = LONGEST_WAIT;

    #[must_use]
    pub const fn config(&self) -> &Config {
        self.http.config()
    }

    /// Returns the ids of every resource of `kind`, ascending, and the number of duplicate rows.
    ///
    /// # Errors
    /// [`FetchError`] after the last attempt, or immediately if another attempt cannot help.
    pub async fn list(&self, kind: Kind) -> Result<(Vec<u32>, usize), FetchError> {
        // The source returns everything at once when the limit exceeds the number of resources, so no page can be lost.
        let url = format!("{}/{}/?limit=100000&offset=0", self.config().base_url, kind.endpoint());
        self.http
            .retried(async || {
                let limit = self.config().body_limit;
                let Download { bytes, .. } = self.http.get(&url, None, limit).await?.unwrap_or_default();
                let page: ListPage = parse(&bytes)?;
                if page.results.len() < page.count {
                    let reason = format!("{} of {} rows", page.results.len(), page.count);
                    return Err(Invalid::new("results", reason).into());
                }
                let rows = page.results.len();
                let mut ids =
                    page.results.iter().map(|row| id_in(&row.url)).collect::<Result<Vec<_>, _>>()?;
                ids.sort_unstable();
                ids.dedup();
                let repeated = rows - ids.len();
                Ok((ids, repeated))
            })
            .await
    }

    /// Fetches one resource, reduced to its facts and checked; `etag` is the ETag of its last known version.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub async fn fetch(&self, kind: Kind, id: u32, etag: Option<&str>) -> Result<Fetched, FetchError> {
        let url = format!("{}/{}/{id}/", self.config().base_url, kind.endpoint());
        self.http
            .retried(async || match self.http.get(&url, etag, self.config().body_limit).await? {
                None => Ok(Fetched::Unchanged),
                Some(Download { bytes, etag, .. }) => {
                    Ok(Fetched::Changed { fact: Box::new(reduce(kind, id, &parse(&bytes)?)?), etag })
                }
            })
            .await
    }
}

fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, FetchError> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            FetchError::Invalid(Invalid::new("the document", error))
        } else {
            FetchError::NotJson(error.to_string())
        }
    })
}
