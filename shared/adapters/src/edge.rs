//! The responses that CloudFront stores.

use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};

pub use aws_sdk_cloudfront::Client;

use crate::store::chain;

/// Everything that the edge stores of the API; a path with a wildcard costs as much as one without.
pub const PATHS: &str = "/api/*";

/// CloudFront did not accept an invalidation.
#[derive(Debug, thiserror::Error)]
#[error("CloudFront CreateInvalidation: {0}")]
pub struct EdgeError(String);

/// Removes the stored responses of the API from `distribution`. Edge locations may serve them for another minute or two. A call with the
/// same `reference` has no further effect.
///
/// # Errors
/// [`EdgeError`] if CloudFront does not accept the request.
pub async fn invalidate(client: &Client, distribution: &str, reference: &str) -> Result<(), EdgeError> {
    let paths = Paths::builder().quantity(1).items(PATHS).build();
    let batch = InvalidationBatch::builder().caller_reference(reference);
    let batch = paths.and_then(|paths| batch.paths(paths).build());
    let batch = batch.map_err(|error| EdgeError(error.to_string()))?;
    let request = client.create_invalidation().distribution_id(distribution).invalidation_batch(batch);
    request.send().await.map(drop).map_err(|error| EdgeError(chain(&error)))
}
