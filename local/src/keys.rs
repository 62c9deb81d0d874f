//! The keys that tokens are signed with, on one machine: a file that nobody else may read, made at the first start.

use std::{fs, path::Path};

use adapters::{
    now,
    store::{Meter, accounts::Accounts},
    tokens::{KeySource, Rotation, rotate},
};
use anyhow::{Context as _, Result};

/// The keys in `folder`, which is made where it is not there.
///
/// # Errors
/// When it cannot be made.
pub fn file(folder: &Path) -> Result<KeySource> {
    fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    Ok(KeySource::File(std::path::absolute(folder)?.join("signing-keys.json")))
}

/// Makes the keys where there are none, and puts the public ones where verifiers find them.
///
/// # Errors
/// When the keys cannot be read or written, or the engine does not answer.
pub async fn prepare(accounts: &Accounts, source: &KeySource) -> Result<()> {
    let rotated = rotate(accounts, &Meter::default(), source, Rotation::Due(i64::MAX), now()).await;
    rotated.context("the signing keys cannot be had").map(|_| ())
}
