//! The last change of the catalogue that the edge was told to forget.

use domain::Timestamp;

use super::store::CatalogStore;
use crate::store::{
    error::StoreError,
    item::{ItemBuilder, text},
    key::Key,
    meter::Meter,
};

impl CatalogStore {
    /// Returns the time of the last change whose stored responses were removed from the edge.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer; the same holds for the write.
    pub async fn invalidated(&self, meter: &Meter) -> Result<Option<Timestamp>, StoreError> {
        let item = self.get(meter, &Key::invalidated(), true).await?.unwrap_or_default();
        Ok(text(&item, "changed_at").and_then(|n| n.parse().ok()).map(Timestamp::from_unix))
    }

    /// Records that the stored responses of the change at this time were removed from the edge.
    pub async fn put_invalidated(&self, meter: &Meter, changed_at: Timestamp) -> Result<(), StoreError> {
        let item = ItemBuilder::at(&Key::invalidated()).moment("changed_at", changed_at);
        self.put(meter, item.build()).await
    }
}
