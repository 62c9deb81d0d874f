//! One asset: fetched, processed and stored.

use adapters::{
    pokeapi::{AssetSource, Download, FetchError},
    s3::S3Error,
    store::content_hash,
};
use domain::{
    assets::{Asset, AssetFile, AssetId},
    facts::AssetKind,
};
use media::{File, Form, Rejected};
use tokio::sync::Semaphore;

use crate::{bucket::Bucket, work::VERSION};

/// The characters of a file's hash.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH: u32 = 5;

/// Returns the hash of a file's content in its name: one of 62⁵ values that follow from the SHA-256. It distinguishes the versions of one
/// picture only, and each row of the index contains six of them, which do not compress.
#[must_use]
pub fn hash_of(content: &[u8]) -> String {
    let number = u64::from_str_radix(&content_hash(content)[..16], 16).unwrap_or_default();
    let digit = |nth| ALPHABET[(number / 62_u64.pow(nth) % 62) as usize];
    (0..LENGTH).map(|nth| char::from(digit(nth))).collect()
}

pub(crate) fn is_gone(error: &FetchError) -> bool {
    matches!(error, FetchError::Status(status, _) if [404, 410].contains(&status.as_u16()))
}

/// Whether the error says nothing about the asset: a host may refuse requests with 403 when there are too many.
pub(crate) fn is_failure(error: &FetchError) -> bool {
    error.is_passing() || (matches!(error, FetchError::Status(..)) && !is_gone(error))
}

/// A mirrored asset.
pub(crate) enum Mirrored {
    Unchanged,
    Stored { files: Vec<AssetFile>, etag: Option<String>, new: New },
}

/// The files that were not stored before.
#[derive(Default)]
pub(crate) struct New {
    pub files: usize,
    pub bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("it {0}")]
    Source(FetchError),
    #[error("{0}")]
    Bucket(S3Error),
    /// The content is not acceptable; with its ETag, so that it is not fetched again before it changes.
    #[error("{0}")]
    Content(Rejected, Option<String>),
    #[error("its processing failed")]
    Processing,
}

/// Fetches one asset and stores those of its files that are new.
pub(crate) async fn mirror(
    source: &AssetSource,
    bucket: &Bucket,
    processors: &Semaphore,
    id: &AssetId,
    known: Option<&Asset>,
) -> Result<Mirrored, Failed> {
    let form = form(id.kind);
    let etag =
        known.filter(|asset| asset.version == VERSION && !is_empty(asset)).and_then(|a| a.etag.as_deref());
    let Some(download) = source.fetch(id, etag, form.byte_limit()).await.map_err(Failed::Source)? else {
        return Ok(Mirrored::Unchanged);
    };
    let Download { bytes, etag, media_type } = download;
    let processed = {
        let _permit = processors.acquire().await;
        tokio::task::spawn_blocking(move || media::process(form, media_type.as_deref(), &bytes)).await
    };
    let files =
        processed.map_err(|_| Failed::Processing)?.map_err(|error| Failed::Content(error, etag.clone()))?;
    let (mut stored, mut new) = (Vec::with_capacity(files.len()), New::default());
    for File { format, size, bytes, .. } in files {
        let hash = hash_of(&bytes);
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let file = AssetFile { hash, format, size, bytes: length };
        if !known.is_some_and(|asset| asset.files.contains(&file)) {
            new.files += 1;
            new.bytes += u64::from(length);
            bucket.put(&file.key(id), format.media_type(), bytes).await.map_err(Failed::Bucket)?;
        }
        stored.push(file);
    }
    Ok(Mirrored::Stored { files: stored, etag, new })
}

/// Whether an asset that was accepted once has no files any more, so that its content is needed again.
fn is_empty(asset: &Asset) -> bool {
    asset.files.is_empty() && asset.rejected.is_none()
}

const fn form(kind: AssetKind) -> Form {
    match kind {
        AssetKind::OfficialArtwork | AssetKind::OfficialArtworkShiny | AssetKind::Home => Form::Artwork,
        AssetKind::DreamWorld => Form::Vector,
        AssetKind::Cry => Form::Sound,
        AssetKind::FrontDefault
        | AssetKind::BackDefault
        | AssetKind::FrontShiny
        | AssetKind::BackShiny
        | AssetKind::FrontFemale
        | AssetKind::BackFemale
        | AssetKind::FrontShinyFemale
        | AssetKind::BackShinyFemale => Form::Sprite,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_five_characters_that_a_name_can_hold() {
        let hashes: std::collections::BTreeSet<_> =
            (0..1000_u32).map(|n| hash_of(&n.to_be_bytes())).collect();
        assert_eq!(hashes.len(), 1000);
        for hash in &hashes {
            assert!(hash.len() == 5 && hash.bytes().all(|byte| ALPHABET.contains(&byte)), "{hash}");
        }
        let used: std::collections::BTreeSet<_> = hashes.iter().flat_map(|hash| hash.bytes()).collect();
        assert_eq!(used.len(), ALPHABET.len(), "every character is used");
    }
}
