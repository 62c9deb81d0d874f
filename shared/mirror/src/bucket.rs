//! The bucket of mirrored files.

use std::{collections::BTreeMap, time::Duration};

use adapters::s3::S3Error;
use aws_sdk_s3::{
    Client,
    config::timeout::TimeoutConfig,
    operation::get_object::GetObjectError,
    primitives::{AggregatedBytes, ByteStream},
    types::{Delete, Object, ObjectIdentifier},
};
use domain::Timestamp;

/// A bucket whose objects never change.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub client: Client,
    pub name: String,
}

/// The time limits of one attempt of a request, and of all attempts: a run that has fetched for an hour does not end because the bucket is
/// slow for a moment.
const ATTEMPT: Duration = Duration::from_secs(10);
const OPERATION: Duration = Duration::from_secs(60);

/// The object with the times since which files have been orphans. It is outside of the folder that the edge serves.
const ORPHANS: &str = "orphans.json";
/// The greatest number of objects that one request deletes.
const MOST_DELETED: usize = 250;

/// The `Cache-Control` of all files.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

impl Bucket {
    #[must_use]
    pub fn new(client: &Client, name: impl Into<String>) -> Self {
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build();
        let patient = client.config().to_builder().timeout_config(timeouts).build();
        Self { client: Client::from_conf(patient), name: name.into() }
    }

    /// Returns the keys of all files, each with the time at which it was stored.
    ///
    /// # Errors
    /// [`S3Error`] if S3 does not answer.
    pub async fn keys(&self) -> Result<BTreeMap<String, Timestamp>, S3Error> {
        let list = self.client.list_objects_v2().bucket(&self.name).prefix("assets/");
        let mut pages = list.into_paginator().send();
        let mut keys = BTreeMap::new();
        let entry = |object: Object| {
            let stored = object.last_modified().map(|time| Timestamp::from_unix(time.secs()));
            Some((object.key?, stored.unwrap_or_default()))
        };
        while let Some(page) = pages.next().await {
            let page = page.map_err(S3Error::of("ListObjectsV2"))?;
            keys.extend(page.contents.into_iter().flatten().filter_map(entry));
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
        put.send().await.map(|_| ()).map_err(S3Error::of("PutObject"))
    }

    /// Deletes files, [`MOST_DELETED`] with each request.
    ///
    /// # Errors
    /// [`S3Error`] if S3 does not answer, or keeps one of them.
    pub(crate) async fn delete(&self, keys: &[String]) -> Result<(), S3Error> {
        for keys in keys.chunks(MOST_DELETED) {
            let object = |key: &String| ObjectIdentifier::builder().key(key).build();
            let objects: Result<Vec<_>, _> = keys.iter().map(object).collect();
            let delete =
                objects.and_then(|objects| Delete::builder().set_objects(Some(objects)).quiet(true).build());
            let delete = delete.map_err(S3Error::of("DeleteObjects"))?;
            let deleted = self.client.delete_objects().bucket(&self.name).delete(delete).send().await;
            let deleted = deleted.map_err(S3Error::of("DeleteObjects"))?;
            if let [error, ..] = deleted.errors() {
                let reason =
                    format!("{}: {}", error.key().unwrap_or_default(), error.message().unwrap_or_default());
                return Err(S3Error::of("DeleteObjects")(std::io::Error::other(reason)));
            }
        }
        Ok(())
    }

    /// Returns the files that no asset had at the last collection, each with the time since which it has been an orphan.
    ///
    /// # Errors
    /// [`S3Error`] if S3 does not answer. A list that cannot be read counts as none: the time of every orphan begins again.
    pub(crate) async fn orphans(&self) -> Result<BTreeMap<String, Timestamp>, S3Error> {
        let object = match self.client.get_object().bucket(&self.name).key(ORPHANS).send().await {
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(BTreeMap::new());
            }
            other => other.map_err(S3Error::of("GetObject"))?,
        };
        // On one machine, a process that was killed while it stored the list leaves one whose checksum is wrong.
        let json = object.body.collect().await.map(AggregatedBytes::into_bytes).unwrap_or_default();
        Ok(serde_json::from_slice(&json).unwrap_or_default())
    }

    /// Stores the list of [`Self::orphans`].
    ///
    /// # Errors
    /// [`S3Error`] if S3 does not answer.
    pub(crate) async fn put_orphans(&self, orphans: &BTreeMap<String, Timestamp>) -> Result<(), S3Error> {
        let json = serde_json::to_vec(orphans).map_err(S3Error::of("PutObject"))?;
        let put = self.client.put_object().bucket(&self.name).key(ORPHANS).content_type("application/json");
        put.body(ByteStream::from(json)).send().await.map(|_| ()).map_err(S3Error::of("PutObject"))
    }
}
