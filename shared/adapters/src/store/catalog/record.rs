//! The items of records: `body` (JSON, compressed except for the Pokémon itself), `hash` (of the content, without time
//! stamps), `created_at` and `updated_at` (Unix seconds).

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use domain::Timestamp;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::store::{
    error::{StoreError, malformed},
    item::{Item, text},
    key::Key,
};

/// The zstd level: the sync writes rarely, and a higher level would gain only a few percent.
const LEVEL: i32 = 9;

/// The maximum size of an uncompressed body: a corrupt one must not fill a function's memory.
const LARGEST_BODY: usize = 16 << 20;

/// A stored record's JSON with its hash and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The JSON.
    pub body: Vec<u8>,
    pub hash: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The first 32 hexadecimal digits of the SHA-256 of a record's JSON.
#[must_use]
pub fn content_hash(body: &[u8]) -> String {
    Sha256::digest(body)[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Record {
    /// # Errors
    /// [`StoreError::Malformed`] if the JSON has another shape.
    pub fn parse<T: DeserializeOwned>(&self, key: &Key) -> Result<T, StoreError> {
        serde_json::from_slice(&self.body).map_err(|error| malformed(key, error))
    }

    pub(super) fn from_item(key: &Key, item: &Item) -> Result<Self, StoreError> {
        let number = |name: &str| text(item, name).and_then(|n| n.parse().ok()).unwrap_or_default();
        Ok(Self {
            body: body(key, item)?,
            hash: text(item, "hash").unwrap_or_default().to_owned(),
            created_at: Timestamp::from_unix(number("created_at")),
            updated_at: Timestamp::from_unix(number("updated_at")),
        })
    }
}

/// A record's JSON in its stored form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    Plain(String),
    /// JSON compressed with zstd.
    Packed(Vec<u8>),
}

impl Body {
    /// # Errors
    /// If no memory is available for the compressor.
    pub fn packed(json: &[u8]) -> std::io::Result<Self> {
        zstd::bulk::compress(json, LEVEL).map(Self::Packed)
    }

    pub(super) const fn size(&self) -> usize {
        match self {
            Self::Plain(text) => text.len(),
            Self::Packed(bytes) => bytes.len(),
        }
    }

    pub(super) fn into_attribute(self) -> AttributeValue {
        match self {
            Self::Plain(text) => AttributeValue::S(text),
            Self::Packed(bytes) => AttributeValue::B(Blob::new(bytes)),
        }
    }
}

pub(super) fn body(key: &Key, item: &Item) -> Result<Vec<u8>, StoreError> {
    match item.get("body") {
        Some(AttributeValue::S(text)) => Ok(text.clone().into_bytes()),
        Some(AttributeValue::B(packed)) => unpack(packed.as_ref()).map_err(|error| malformed(key, error)),
        _ => Err(malformed(key, "it has no body")),
    }
}

pub(super) fn unpack(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let size = zstd::bulk::Decompressor::upper_bound(packed).unwrap_or(LARGEST_BODY).min(LARGEST_BODY);
    zstd::bulk::decompress(packed, size)
}
