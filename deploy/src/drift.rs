//! The differences between the stacks and what was changed by hand.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_sdk_cloudformation::types::{StackDriftDetectionStatus, StackResourceDriftStatus};
use tokio::time::sleep;

use crate::{
    apply,
    cloud::{Cloud, aws},
    progress::Progress,
    settings::Settings,
    stacks::{self, Stack},
};

/// Compares every stack of the environment with its resources; returns a sentence for each resource that differs. After a rollback, the
/// aliases differ until the next deployment.
///
/// # Errors
/// If CloudFormation cannot compare a stack.
pub async fn drift(
    cloud: &Cloud,
    settings: &Settings,
    stacks: &[Stack],
    progress: Progress,
) -> Result<Vec<String>> {
    let mut differences = Vec::new();
    for stack in &stacks::of(stacks, settings) {
        let cloud = &cloud.of(stack);
        let name = stack.name_in(settings);
        if apply::find(cloud, &name).await?.is_none() {
            continue;
        }
        let detection = cloud.stacks.detect_stack_drift().stack_name(&name).send().await.map_err(aws)?;
        let id = detection.stack_drift_detection_id.context("the detection has no id")?;
        loop {
            let state = cloud.stacks.describe_stack_drift_detection_status().stack_drift_detection_id(&id);
            let state = state.send().await.map_err(aws)?;
            match state.detection_status {
                Some(StackDriftDetectionStatus::DetectionInProgress) => sleep(Duration::from_secs(2)).await,
                Some(StackDriftDetectionStatus::DetectionComplete) => break,
                _ => {
                    bail!("{name} cannot be compared: {}", state.detection_status_reason.unwrap_or_default())
                }
            }
        }
        let mut pages = cloud
            .stacks
            .describe_stack_resource_drifts()
            .stack_name(&name)
            .stack_resource_drift_status_filters(StackResourceDriftStatus::Modified)
            .stack_resource_drift_status_filters(StackResourceDriftStatus::Deleted);
        loop {
            let page = pages.clone().send().await.map_err(aws)?;
            for resource in page.stack_resource_drifts.unwrap_or_default() {
                let status =
                    resource.stack_resource_drift_status.map(|status| status.as_str().to_lowercase());
                let id = resource.logical_resource_id.unwrap_or_default();
                differences.push(format!("{name}: {id} was {}", status.unwrap_or_default()));
            }
            match page.next_token {
                Some(token) => pages = pages.next_token(token),
                None => break,
            }
        }
        progress.say(&format!("{name}: compared"));
    }
    Ok(differences)
}
