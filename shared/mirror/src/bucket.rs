//! The bucket of mirrored files.

use std::{collections::BTreeSet, time::Duration};

use adapters::s3::S3Error;
use aws_sdk_s3::{
    Client,
    config::{Config, timeout::TimeoutConfig},
    primitives::ByteStream,
};

/// A bucket whose objects never change.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub client: Client,
    pub name: String,
}

/// The time limits of one attempt to store a file, and of all attempts.
const ATTEMPT: Duration = Duration::from_secs(10);
const OPERATION: Duration = Duration::from_secs(60);

/// The `Cache-Control` of all files.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

impl Bucket {
    /// Returns the keys of all files.
    ///
    /// # Errors
    /// [`S3Error`] if S3 does not answer.
    pub async fn keys(&self) -> Result<BTreeSet<String>, S3Error> {
        let list = self.client.list_objects_v2().bucket(&self.name).prefix("assets/");
        let mut pages = list.into_paginator().send();
        let mut keys = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(S3Error::of("ListObjectsV2"))?;
            keys.extend(page.contents.into_iter().flatten().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    /// Stores a file.
    ///
    /// # Errors
    /// [`S3Error`] if S3 does not answer.
    pub async fn put(&self, key: &str, media_type: &str, bytes: Vec<u8>) -> Result<(), S3Error> {
        let put = self.client.put_object().bucket(&self.name).key(key);
        let put = put.content_type(media_type).cache_control(IMMUTABLE).body(ByteStream::from(bytes));
        // A run that has fetched for an hour does not end because the bucket is slow for a moment.
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION);
        let patient = Config::builder().timeout_config(timeouts.build());
        let put = put.customize().config_override(patient);
        put.send().await.map(|_| ()).map_err(S3Error::of("PutObject"))
    }
}
