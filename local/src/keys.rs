//! The keys that tokens are signed with, on one machine: a file that only its owner can read, made at the first start.

use std::path::Path;

use adapters::{
    now,
    store::{Meter, accounts::Accounts},
    tokens::{KeySource, Rotation, rotate},
};
use anyhow::{Context as _, Result};

use crate::private;

/// The file's name.
pub(crate) const FILE: &str = "signing-keys.json";

/// The keys in `folder`, which is made where it does not exist.
///
/// # Errors
/// When it cannot be made.
pub fn file(folder: &Path) -> Result<KeySource> {
    private::make_folder(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    private::narrow(folder)
        .with_context(|| format!("the rights of {} cannot be narrowed", folder.display()))?;
    Ok(KeySource::File(std::path::absolute(folder)?.join(FILE)))
}

/// Makes the keys where there are none, and puts the public ones where verifiers find them.
///
/// # Errors
/// When the keys cannot be read or written, or the engine does not answer.
pub async fn prepare(accounts: &Accounts, source: &KeySource) -> Result<()> {
    let rotated = rotate(accounts, &Meter::default(), source, Rotation::Due(i64::MAX), now()).await;
    rotated.context("the signing keys cannot be used").map(|_| ())
}
