//! The bucket of artifacts: programs, templates, and the manifests of releases.

use anyhow::{Context as _, Result};
use aws_sdk_s3::{error::ProvideErrorMetadata as _, primitives::ByteStream};
use serde::{Serialize, de::DeserializeOwned};

use crate::cloud::{Cloud, aws};

/// Whether the bucket has a file of this name.
///
/// # Errors
/// If S3 does not answer.
pub async fn has(cloud: &Cloud, key: &str) -> Result<bool> {
    match cloud.files.head_object().bucket(cloud.artifacts()).key(key).send().await {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(false),
        // The response to HEAD has no text.
        Err(error) => {
            Err(aws(error)).with_context(|| format!("{key} in the bucket of artifacts cannot be read"))
        }
    }
}

/// Stores `content` under `key`.
///
/// # Errors
/// If S3 does not accept it.
pub async fn put(cloud: &Cloud, key: &str, content: Vec<u8>) -> Result<()> {
    let stored = cloud.files.put_object().bucket(cloud.artifacts()).key(key).body(ByteStream::from(content));
    stored.send().await.map_err(aws).with_context(|| format!("{key} cannot be stored"))?;
    Ok(())
}

/// Stores a value as JSON.
///
/// # Errors
/// As [`put`].
pub async fn put_json(cloud: &Cloud, key: &str, value: &impl Serialize) -> Result<()> {
    put(cloud, key, serde_json::to_vec_pretty(value)?).await
}

/// Reads the content of a file; `None` if there is no file of this name.
///
/// # Errors
/// If S3 does not answer.
pub async fn get(cloud: &Cloud, key: &str) -> Result<Option<Vec<u8>>> {
    let found = match cloud.files.get_object().bucket(cloud.artifacts()).key(key).send().await {
        Ok(found) => found,
        Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
        Err(error) => return Err(aws(error)),
    };
    Ok(Some(found.body.collect().await.map_err(aws)?.to_vec()))
}

/// Reads a value from JSON; `None` if there is no file of this name.
///
/// # Errors
/// If S3 does not answer, or the file holds something else.
pub async fn get_json<T: DeserializeOwned>(cloud: &Cloud, key: &str) -> Result<Option<T>> {
    let Some(content) = get(cloud, key).await? else { return Ok(None) };
    serde_json::from_slice(&content).map(Some).with_context(|| format!("{key} is not readable"))
}

/// Returns the names of the files that start with `prefix`, in their order.
///
/// # Errors
/// If S3 does not answer, as when the bucket does not exist.
pub async fn list(cloud: &Cloud, prefix: &str) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    let mut pages =
        cloud.files.list_objects_v2().bucket(cloud.artifacts()).prefix(prefix).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(aws)?;
        keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|file| file.key));
    }
    keys.sort_unstable();
    Ok(keys)
}
