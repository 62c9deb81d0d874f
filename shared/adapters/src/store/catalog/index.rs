//! The dex index: several versions, and a pointer to the current one.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, ReturnConsumedCapacity},
};
use domain::{Timestamp, catalog::SHAPE};
use zstd::zstd_safe::CParameter;

use super::{keys::INDEX_COPIES, record::unpack, store::CatalogStore};
use crate::store::{
    error::{StoreError, failed, malformed},
    item::{keyed, text},
    key::Key,
    meter::Meter,
};

/// The level of zstd: one of those that are cheap to decompress, because every cold start does it. Level 19 would save a third of the
/// bytes, and take twice the instructions.
const LEVEL: i32 = -1;
/// The shortest repetition that is compressed, in bytes: decompressing one costs as much as a dozen plain bytes.
const SHORTEST_MATCH: u32 = 7;

/// The pointer to the current version of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    pub version: String,
    /// The [`SHAPE`] of the records that were published with it.
    pub shape: u32,
    /// The number of the latest manual change that was published with it.
    pub overrides: u64,
    /// The pictures that were published with it, as [`CatalogStore::pictures_now`] names them.
    pub pictures: String,
    /// Whether a later publication with another shape or other pictures has begun and not ended, so that some records are of that one.
    pub is_partial: bool,
    pub swapped_at: Timestamp,
}

impl Pointer {
    /// A pointer to `version`, published by this program with the changes up to `overrides` and with PokeAPI's pictures.
    pub fn new(version: impl Into<String>, overrides: u64, swapped_at: Timestamp) -> Self {
        Self {
            version: version.into(),
            shape: SHAPE,
            overrides,
            pictures: String::new(),
            is_partial: false,
            swapped_at,
        }
    }
}

impl CatalogStore {
    /// Returns the pointer to the index; `None` before the first catalogue was published.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer or the item is malformed.
    pub async fn index_pointer(&self, meter: &Meter) -> Result<Option<Pointer>, StoreError> {
        self.pointer(meter, false).await
    }

    /// Returns the same by a consistent read, for a writer that is about to swap the pointer. A malformed pointer counts as missing: the
    /// swap repairs it.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn latest_index_pointer(&self, meter: &Meter) -> Result<Option<Pointer>, StoreError> {
        match self.pointer(meter, true).await {
            Err(error @ StoreError::Malformed { .. }) => {
                tracing::error!(%error, "the index pointer is not readable, and will be written again");
                Ok(None)
            }
            other => other,
        }
    }

    async fn pointer(&self, meter: &Meter, consistent: bool) -> Result<Option<Pointer>, StoreError> {
        let key = Key::index_pointer();
        let Some(item) = self.get(meter, &key, consistent).await? else { return Ok(None) };
        // A version that is a number is not valid: the condition of a swap could not name it.
        let version = item.get("version").and_then(|version| version.as_s().ok());
        let version = version.ok_or_else(|| malformed(&key, "it has no version"))?;
        let swapped_at = text(&item, "swapped_at").and_then(|n| n.parse().ok()).unwrap_or_default();
        let shape = text(&item, "shape").and_then(|n| n.parse().ok()).unwrap_or_default();
        let overrides = text(&item, "overrides").and_then(|n| n.parse().ok()).unwrap_or_default();
        let pictures = text(&item, "pictures").unwrap_or_default().to_owned();
        let is_partial = item.get("partial").is_some_and(|value| value.as_bool() == Ok(&true));
        let swapped_at = Timestamp::from_unix(swapped_at);
        let version = version.to_owned();
        Ok(Some(Pointer { version, shape, overrides, pictures, is_partial, swapped_at }))
    }

    /// Returns one copy of a version of the index, uncompressed. `draw` is any number; equal numbers choose equal copies.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer, or the copy is malformed or missing.
    pub async fn index(&self, meter: &Meter, version: &str, draw: u8) -> Result<Vec<u8>, StoreError> {
        let key = Key::index_copy(version, draw % INDEX_COPIES);
        let item = self.get(meter, &key, false).await?.ok_or_else(|| malformed(&key, "it is not there"))?;
        match item.get("body") {
            Some(AttributeValue::B(packed)) => {
                unpack(packed.as_ref()).map_err(|error| malformed(&key, error))
            }
            _ => Err(malformed(&key, "it has no body")),
        }
    }

    /// Writes the copies of a version. No reader uses them until the pointer is swapped. Returns the size of one copy in bytes.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn put_index(&self, meter: &Meter, version: &str, bytes: &[u8]) -> Result<usize, StoreError> {
        let packed = compress(bytes).map_err(|error| malformed(&Key::index_copy(version, 0), error))?;
        let size = packed.len();
        let body = AttributeValue::B(Blob::new(packed));
        for copy in 0..INDEX_COPIES {
            let mut item = keyed(&Key::index_copy(version, copy));
            item.insert("body".to_owned(), body.clone());
            // Identifies a complete copy in its `Head`.
            item.insert("hash".to_owned(), AttributeValue::S(version.to_owned()));
            self.put(meter, item).await?;
        }
        Ok(size)
    }

    /// Makes the version of `after` the current one, if `before` still is, or if `after` already is.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another writer swapped first.
    pub async fn swap_index(
        &self,
        meter: &Meter,
        before: Option<&str>,
        after: &Pointer,
    ) -> Result<(), StoreError> {
        let Pointer { version, shape, overrides, pictures, is_partial, swapped_at } = after;
        let mut item = keyed(&Key::index_pointer());
        item.insert("version".to_owned(), AttributeValue::S(version.clone()));
        item.insert("shape".to_owned(), AttributeValue::N(shape.to_string()));
        item.insert("overrides".to_owned(), AttributeValue::N(overrides.to_string()));
        if *is_partial {
            item.insert("partial".to_owned(), AttributeValue::Bool(true));
        }
        if !pictures.is_empty() {
            item.insert("pictures".to_owned(), AttributeValue::S(pictures.clone()));
        }
        item.insert("swapped_at".to_owned(), AttributeValue::N(swapped_at.unix().to_string()));
        let put = self
            .database
            .client
            .put_item()
            .table_name(self.table())
            .set_item(Some(item))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        // If an answer was lost, the SDK's own retry finds that its first attempt has already swapped.
        let put = match before {
            None => put
                .condition_expression("NOT attribute_type(version, :string) OR version = :version")
                .expression_attribute_values(":string", AttributeValue::S("S".to_owned())),
            Some(before) => put
                .condition_expression("version = :before OR version = :version")
                .expression_attribute_values(":before", AttributeValue::S(before.to_owned())),
        };
        let put = put.expression_attribute_values(":version", AttributeValue::S(version.clone()));
        meter.call();
        let answer = put.send().await.map_err(failed("PutItem"))?;
        meter.writes(answer.consumed_capacity.as_slice());
        Ok(())
    }

    /// Deletes the copies of `versions`.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn forget_indexes(&self, meter: &Meter, versions: &BTreeSet<String>) -> Result<(), StoreError> {
        let copies = |version| (0..INDEX_COPIES).map(move |copy| Key::index_copy(version, copy));
        self.delete(meter, versions.iter().flat_map(|version| copies(version)).collect()).await
    }
}

/// Compresses an index, with a checksum that the reader verifies.
fn compress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.set_parameter(CParameter::MinMatch(SHORTEST_MATCH))?;
    compressor.include_checksum(true)?;
    compressor.compress(bytes)
}
