//! The removal of stored responses from the edge: a release may answer the same request in another way.

use std::collections::BTreeMap;

use adapters::edge::{self, PATHS};
use anyhow::{Context as _, Result};

use crate::{cloud::Cloud, progress::Progress};

/// The output of the stack of the edge that holds the id of the distribution.
const DISTRIBUTION: &str = "DistributionId";

/// Removes the stored responses of the API, if the outputs name a distribution. Repeating it is harmless.
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
    let done = edge::invalidate(&cloud.distributions, distribution, reference).await;
    done.context("the stored responses cannot be removed from the edge")?;
    progress.say(&format!("the edge forgets {PATHS}"));
    Ok(())
}
