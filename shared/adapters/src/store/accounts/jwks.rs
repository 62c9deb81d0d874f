//! The public keys, which every verifier reads here.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::{keys, store::AccountStore};
use crate::{
    store::{
        error::{StoreError, failed, malformed},
        item::{ItemBuilder, Reader},
        meter::Meter,
    },
    tokens::Jwks,
};

/// The public keys and the version that a change is conditioned on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredKeys {
    pub jwks: Jwks,
    /// The version of the set; 0 if no keys are stored yet.
    pub version: u64,
}

impl AccountStore {
    /// Returns the public keys.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer or the keys are malformed.
    pub async fn public_keys(&self, meter: &Meter) -> Result<StoredKeys, StoreError> {
        let key = keys::jwks();
        let Some(item) = self.database.get(meter, self.app(), &key, true).await? else {
            return Ok(StoredKeys::default());
        };
        let reader = Reader::of(&key, &item);
        let jwks = serde_json::from_str(reader.text("body")?).map_err(|error| malformed(&key, error))?;
        Ok(StoredKeys { jwks, version: reader.parsed("version")? })
    }

    /// Replaces the keys of `version` with `jwks`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another writer was faster.
    pub async fn put_public_keys(&self, meter: &Meter, jwks: &Jwks, version: u64) -> Result<(), StoreError> {
        let body = serde_json::to_string(jwks).map_err(|error| malformed(&keys::jwks(), error))?;
        let item = ItemBuilder::at(&keys::jwks()).text("body", body).number("version", version + 1);
        meter.call();
        let answer = self
            .database
            .client
            .put_item()
            .table_name(self.app())
            .set_item(Some(item.build()))
            .condition_expression("attribute_not_exists(pk) OR version = :version")
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed("PutItem"))?;
        meter.writes(answer.consumed_capacity.as_slice());
        Ok(())
    }
}
