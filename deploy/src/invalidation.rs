//! The removal of stored responses from the edge: a release may answer the same request in another way.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};

use crate::{
    cloud::{Cloud, aws},
    progress::Progress,
};

/// The output of the stack of the edge that holds the id of the distribution.
const DISTRIBUTION: &str = "DistributionId";
/// Everything that the edge stores of the API; a path with a wildcard costs as much as one without.
const PATHS: &str = "/api/*";

/// Removes the stored responses of the API, if the outputs name a distribution. An edge location may serve a former response for
/// another minute or two. Repeating it is harmless.
///
/// # Errors
/// If CloudFront does not accept the request.
pub async fn invalidate(
    cloud: &Cloud,
    outputs: &BTreeMap<String, String>,
    reference: &str,
    progress: Progress,
) -> Result<()> {
    let Some(distribution) = outputs.get(DISTRIBUTION) else { return Ok(()) };
    let paths = Paths::builder().quantity(1).items(PATHS).build()?;
    let batch = InvalidationBatch::builder().paths(paths).caller_reference(reference).build()?;
    let request = cloud.distributions.create_invalidation().distribution_id(distribution);
    request
        .invalidation_batch(batch)
        .send()
        .await
        .map_err(aws)
        .context("the stored responses cannot be removed from the edge")?;
    progress.say(&format!("the edge forgets {PATHS}"));
    Ok(())
}
