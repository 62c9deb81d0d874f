//! The bucket of mirrored files.

use adapters::store::chain;
use aws_sdk_s3::{Client, primitives::ByteStream};

/// A bucket whose objects never change.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub client: Client,
    pub name: String,
}

/// S3 did not perform the operation.
#[derive(Debug, thiserror::Error)]
#[error("S3 {operation}: {cause}")]
pub struct BucketError {
    operation: &'static str,
    cause: String,
}

fn failed<E: std::error::Error>(operation: &'static str) -> impl FnOnce(E) -> BucketError {
    move |error| BucketError { operation, cause: chain(&error) }
}

/// The `Cache-Control` of all files.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

impl Bucket {
    /// Stores a file.
    ///
    /// # Errors
    /// [`BucketError`] if S3 does not answer.
    pub async fn put(&self, key: &str, media_type: &str, bytes: Vec<u8>) -> Result<(), BucketError> {
        let put = self.client.put_object().bucket(&self.name).key(key);
        let put = put.content_type(media_type).cache_control(IMMUTABLE).body(ByteStream::from(bytes));
        put.send().await.map(|_| ()).map_err(failed("PutObject"))
    }
}
