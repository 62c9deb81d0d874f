//! Where exports are kept for a while, on AWS: an answer of Lambda's holds 6 MB, and a file may be larger.

use std::time::Duration;

use aws_sdk_s3::{Client, presigning::PresigningConfig, primitives::ByteStream};
use domain::accounts::UserId;

use crate::{aws, store::chain};

/// A bucket that is nobody's to read, whose objects are gone after a day. Each user has one file at the most.
#[derive(Clone, Debug)]
pub struct Exports {
    pub bucket: String,
    /// Where S3 is, on one machine; where the environment says, otherwise.
    pub endpoint: Option<String>,
}

/// S3 did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[error("S3 {operation}: {cause}")]
pub struct ExportsError {
    operation: &'static str,
    cause: String,
}

fn failed<E: std::error::Error>(operation: &'static str) -> impl FnOnce(E) -> ExportsError {
    move |error| ExportsError { operation, cause: chain(&error) }
}

impl Exports {
    /// For how long a link is good.
    pub const GOOD_FOR: Duration = Duration::from_secs(10 * 60);

    fn client(&self) -> Client {
        self.endpoint.as_deref().map_or_else(aws::s3_from_environment, aws::s3_at)
    }

    fn key(user: UserId) -> String {
        format!("{user}.zip")
    }

    /// Keeps `file`, in the place of the one before.
    ///
    /// # Errors
    /// [`ExportsError`] when S3 does not answer; so for all here.
    pub async fn put(&self, user: UserId, file: Vec<u8>) -> Result<(), ExportsError> {
        let put = self
            .client()
            .put_object()
            .bucket(&self.bucket)
            .key(Self::key(user))
            .content_type("application/zip")
            .content_disposition(DISPOSITION)
            .cache_control("private, no-store")
            .body(ByteStream::from(file));
        put.send().await.map(|_| ()).map_err(failed("PutObject"))
    }

    /// A link to the file, good for [`Self::GOOD_FOR`], for whoever has it.
    pub async fn link(&self, user: UserId) -> Result<String, ExportsError> {
        let expiry = PresigningConfig::expires_in(Self::GOOD_FOR).map_err(failed("GetObject"))?;
        let get = self.client().get_object().bucket(&self.bucket).key(Self::key(user));
        let link = get.presigned(expiry).await.map_err(failed("GetObject"))?;
        Ok(link.uri().to_owned())
    }

    /// Takes the file away, if there is one.
    pub async fn delete(&self, user: UserId) -> Result<(), ExportsError> {
        let delete = self.client().delete_object().bucket(&self.bucket).key(Self::key(user));
        delete.send().await.map(|_| ()).map_err(failed("DeleteObject"))
    }
}

/// A browser keeps the file, and does not try to show it.
pub const DISPOSITION: &str = "attachment; filename=\"pokedex.zip\"";
