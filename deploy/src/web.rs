//! The web app in its bucket. Files whose names contain the hash of their content come first, and the page that names them last.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aws_sdk_s3::primitives::ByteStream;

use crate::{
    bundle::Bundle,
    cloud::{Cloud, aws},
    manifest::Manifest,
};

/// The output of the stack of data that holds the name of the bucket.
const BUCKET: &str = "WebBucketName";
/// The folder of files that never change.
const IMMUTABLE: &str = "app/";

/// Uploads the files of a release. Those of earlier releases stay, because a page that is open may still load them.
///
/// # Errors
/// If S3 does not accept a file.
pub async fn publish(
    cloud: &Cloud,
    outputs: &BTreeMap<String, String>,
    files: &BTreeMap<String, String>,
    release: &str,
    assets: Option<&str>,
) -> Result<()> {
    let bucket = outputs.get(BUCKET).with_context(|| format!("no stack has the output {BUCKET}"))?;
    let (immutable, rest): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| path.starts_with(IMMUTABLE));
    for (path, text) in immutable {
        put(cloud, bucket, path, text, "public, max-age=31536000, immutable").await?;
    }
    put(cloud, bucket, "config.json", &api::web::config(release, assets), "no-cache").await?;
    for (path, text) in rest {
        put(cloud, bucket, path, text, "no-cache").await?;
    }
    Ok(())
}

/// Returns the folder of mirrored pictures for `/config.json`; `None` if none are mirrored.
#[must_use]
pub fn assets(parameters: &BTreeMap<String, String>) -> Option<String> {
    let are_mirrored = parameters.get("Pictures").is_some_and(|pictures| pictures == "mirrored");
    are_mirrored.then(|| api::web::ASSETS.to_owned())
}

/// Puts the pages of the release `manifest` back, if the environment has an edge.
///
/// # Errors
/// If its bundle cannot be read, or S3 does not accept a file.
pub async fn restore(cloud: &Cloud, outputs: &BTreeMap<String, String>, manifest: &Manifest) -> Result<()> {
    if !outputs.contains_key(BUCKET) {
        return Ok(());
    }
    let bundle = Bundle::get(cloud, &manifest.bundle).await?;
    publish(cloud, outputs, &bundle.web, &manifest.release, manifest.assets.as_deref()).await
}

async fn put(cloud: &Cloud, bucket: &str, path: &str, text: &str, caching: &str) -> Result<()> {
    let upload = cloud.files.put_object().bucket(bucket).key(path).cache_control(caching);
    let upload =
        upload.content_type(api::web::media_type(path)).body(ByteStream::from(text.as_bytes().to_vec()));
    upload.send().await.map_err(aws).with_context(|| format!("{path} cannot be uploaded to {bucket}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_reads_the_folder_of_mirrored_pictures() {
        let of = |pairs: &[(&str, &str)]| {
            assets(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("Pictures", "source")]), None);
        assert_eq!(of(&[("Pictures", "mirrored")]).as_deref(), Some("/assets/"));
    }
}
