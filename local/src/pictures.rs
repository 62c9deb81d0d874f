//! Mirrored pictures and sounds on one machine: S3 in this process, with its objects as files in the data folder.

use std::{fs, path::Path, sync::Arc};

use adapters::aws::{self, ANYBODY};
use anyhow::{Context as _, Result};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::Bytes;
use domain::assets::Pictures;
use http::{HeaderValue, Request, Response, StatusCode, header::HOST};
use http_body_util::BodyExt as _;
use mirror::Bucket;
use s3s::{auth::SimpleAuth, service::S3Service, service::S3ServiceBuilder};
use s3s_fs::FileSystem;

use crate::helper::{Helper, in_process};

/// The folder of all buckets in the data folder.
const FOLDER: &str = "s3";
const NAME: &str = "assets";

/// The addresses of mirrored pictures: the gateway serves them below its own.
const HERE: &str = "/";

struct S3(S3Service);

impl Helper for S3 {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let failed = |message: String| {
            let mut response = Response::new(Bytes::from(message));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        };
        let mut request = request.map(s3s::Body::from);
        // The signature includes the host, which a connection would add.
        let host = request.uri().host().and_then(|host| HeaderValue::try_from(host).ok());
        if let Some(host) = host {
            request.headers_mut().entry(HOST).or_insert(host);
        }
        match self.0.call(request).await {
            Err(error) => failed(format!("{error:?}")),
            Ok(response) => {
                let (parts, body) = response.into_parts();
                match body.collect().await {
                    Ok(body) => Response::from_parts(parts, body.to_bytes()),
                    Err(error) => failed(error.to_string()),
                }
            }
        }
    }
}

/// Opens the bucket in the data folder; `None` if it does not exist and is not to be created.
///
/// # Errors
/// If the folder cannot be created.
pub fn bucket(data: &Path, create: bool) -> Result<Option<Bucket>> {
    let root = data.join(FOLDER);
    let folder = root.join(NAME);
    if create {
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    } else if !folder.is_dir() {
        return Ok(None);
    }
    let files = FileSystem::new(&root);
    let files = files.map_err(|error| anyhow::anyhow!("{} cannot be opened: {error:?}", root.display()))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(ANYBODY, "local"));
    let client = aws::s3_in_process(in_process(Arc::new(S3(service.build()))));
    Ok(Some(Bucket::new(&client, NAME)))
}

/// The addresses of pictures in the published catalogue.
#[must_use]
pub fn addresses(bucket: Option<&Bucket>) -> Pictures {
    match bucket {
        Some(_) => Pictures::Mirrored { base: HERE.to_owned() },
        None => Pictures::Source,
    }
}

/// Returns the file at `path`, with the headers that it was stored with; `None` if it does not exist.
pub(crate) async fn file(bucket: &Bucket, path: &str) -> Option<Response<Bytes>> {
    let key = path.strip_prefix('/').filter(|key| key.starts_with("assets/") && is_plain(key))?;
    let object = bucket.client.get_object().bucket(&bucket.name).key(key).send().await.ok()?;
    let GetObjectOutput { body, content_type, cache_control, e_tag, .. } = object;
    let mut response = Response::new(body.collect().await.ok()?.into_bytes());
    for (name, value) in [("content-type", content_type), ("cache-control", cache_control), ("etag", e_tag)] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    Some(response)
}

/// Whether a key has the form of those of mirrored files.
fn is_plain(key: &str) -> bool {
    let is_name = |part: &str| !part.is_empty() && !part.starts_with('.');
    key.split('/').all(is_name) && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_no_other_folder() {
        assert!(is_plain("assets/front_default/201-b-0123456789.png"));
        for key in
            ["assets/../../keys.json", "assets//a.png", "assets/.hidden", "assets/a\\b.png", "assets/a b.png"]
        {
            assert!(!is_plain(key), "{key}");
        }
    }
}
