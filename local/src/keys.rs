//! The keys that sign tokens, on one machine: a file that only its owner can read, created at the first start.

use std::path::Path;

use adapters::{
    now,
    store::{Meter, accounts::AccountStore},
    tokens::{KeySource, Rotation, rotate},
};
use anyhow::{Context as _, Result};

use crate::{private, schema::is_data_folder};

/// The file's name.
pub(crate) const FILE: &str = "signing-keys.json";

/// The keys in `folder`, which is created if it does not exist.
///
/// # Errors
/// If it cannot be created.
pub fn file(folder: &Path) -> Result<KeySource> {
    private::make_folder(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    // Only a data folder: `--data` may name any folder of the user, whose rights are not this program's to change.
    if is_data_folder(folder) {
        private::narrow(folder)
            .with_context(|| format!("the rights of {} cannot be narrowed", folder.display()))?;
    }
    Ok(KeySource::File(std::path::absolute(folder)?.join(FILE)))
}

/// Creates the keys if none exist, and stores the public ones for verifiers.
///
/// # Errors
/// If the keys cannot be read or written, or the engine does not answer.
pub async fn prepare(accounts: &AccountStore, source: &KeySource) -> Result<()> {
    let rotated = rotate(accounts, &Meter::default(), source, Rotation::Due(i64::MAX), now()).await;
    rotated.context("the signing keys cannot be used").map(|_| ())
}
