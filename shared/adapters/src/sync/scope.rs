//! The scope of a run, and the requests of administrators for runs.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::{CatalogStore, Meter, StoreError};

/// The resources that a run covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
pub enum Scope {
    /// Every resource that the source lists.
    #[default]
    Everything,
    /// The resources that the last run skipped.
    Skipped,
    /// The changes of the held publication, if it still is this one: they count as probable.
    Approved { publication: String },
}

/// A request of an administrator, which stays until a run has carried it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    #[serde(flatten)]
    pub scope: Scope,
    pub requested_at: Timestamp,
}

impl Request {
    /// The time in seconds after which no run carries the request out any more: one that never ends must not keep other runs from starting.
    const LIFETIME: i64 = 3_600;

    /// Whether a run may still carry the request out.
    #[must_use]
    pub fn is_current(&self, now: Timestamp) -> bool {
        now.elapsed_since(self.requested_at).is_none_or(|age| age < Self::LIFETIME)
    }
}

/// Returns the request that waits for a run. One that this release cannot read counts as absent: it expires.
///
/// # Errors
/// [`StoreError`] if the engine does not answer.
pub async fn request(store: &CatalogStore, meter: &Meter) -> Result<Option<Request>, StoreError> {
    let body = store.sync_request(meter).await?;
    let read = |body: String| {
        let request = serde_json::from_str(&body);
        request.inspect_err(|error| tracing::warn!(%error, "the request for a sync is not readable")).ok()
    };
    Ok(body.and_then(read))
}

/// Deletes `request`, which was carried out. A later request stays.
///
/// # Errors
/// [`StoreError`] if the engine does not answer.
pub async fn carried_out(store: &CatalogStore, meter: &Meter, request: &Request) -> Result<(), StoreError> {
    store.forget_sync_request(meter, request.requested_at).await
}
