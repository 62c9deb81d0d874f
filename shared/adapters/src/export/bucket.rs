//! Temporary storage for exports on AWS: a Lambda response can hold 6 MB, and a file may be larger.

use std::time::Duration;

use aws_sdk_s3::{Client, presigning::PresigningConfig, primitives::ByteStream};
use domain::accounts::UserId;

use crate::{aws, s3::S3Error};

/// A bucket without public access, whose objects expire after a day. Each user has at most one file.
#[derive(Clone, Debug)]
pub struct Exports {
    pub bucket: String,
    /// The address of an S3 service on this machine; `None` for the one that the environment names.
    pub endpoint: Option<String>,
}

impl Exports {
    /// The lifetime of a link.
    pub const GOOD_FOR: Duration = Duration::from_secs(10 * 60);

    fn client(&self) -> Client {
        self.endpoint.as_deref().map_or_else(aws::s3_from_environment, aws::s3_at)
    }

    fn key(user: UserId) -> String {
        format!("{user}.zip")
    }

    /// Stores `file`, which replaces the user's previous one.
    ///
    /// # Errors
    /// [`S3Error`] if S3 does not answer; the same holds for every function here.
    pub async fn put(&self, user: UserId, file: Vec<u8>) -> Result<(), S3Error> {
        let put = self
            .client()
            .put_object()
            .bucket(&self.bucket)
            .key(Self::key(user))
            .content_type("application/zip")
            .content_disposition(DISPOSITION)
            .cache_control("private, no-store")
            .body(ByteStream::from(file));
        put.send().await.map(|_| ()).map_err(S3Error::of("PutObject"))
    }

    /// Returns a link to the file. Every holder of the link can use it for [`Self::GOOD_FOR`].
    pub async fn link(&self, user: UserId) -> Result<String, S3Error> {
        let expiry = PresigningConfig::expires_in(Self::GOOD_FOR).map_err(S3Error::of("GetObject"))?;
        let get = self.client().get_object().bucket(&self.bucket).key(Self::key(user));
        let link = get.presigned(expiry).await.map_err(S3Error::of("GetObject"))?;
        Ok(link.uri().to_owned())
    }

    /// Deletes the file, if it exists.
    pub async fn delete(&self, user: UserId) -> Result<(), S3Error> {
        let delete = self.client().delete_object().bucket(&self.bucket).key(Self::key(user));
        delete.send().await.map(|_| ()).map_err(S3Error::of("DeleteObject"))
    }
}

/// Makes a browser save the file instead of showing it.
pub const DISPOSITION: &str = "attachment; filename=\"pokedex.zip\"";
