//! The data folder, which has one owner, one process at a time and one schema.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use adapters::disk;
use anyhow::{Context as _, Result, bail, ensure};

use crate::{keys, private, schema::SCHEMA};

/// The engine's file.
const DATABASE: &str = "dynamodb.sqlite";

/// A data folder that belongs to this process alone until this value is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// The lock, which ends with the process, however the process ends.
    _lock: File,
}

impl Folder {
    /// Opens `path`, and creates it if it does not exist. Removes permissions that others have on the folder or its files, because earlier
    /// versions gave them. Permissions on the signing keys are an error when the keys are read, since others may already have read a key.
    ///
    /// # Errors
    /// One sentence if the folder is in use, has another schema, belongs to another program, is not accessible, is on a full disk, or holds
    /// keys without their database.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        private::make_folder(path).with_context(|| format!("the data folder {shown} cannot be made"))?;
        let schema = path.join("schema");
        match fs::read_to_string(&schema) {
            Ok(found) if found == SCHEMA => {}
            Ok(found) => bail!(
                "the data folder {shown} holds {:?}, this program reads {:?}: choose another with --data",
                found.trim(),
                SCHEMA.trim()
            ),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                keys_have_their_database(path)?;
                let others = fs::read_dir(path)?
                    .filter_map(Result::ok)
                    .any(|entry| entry.file_name() != "lock" && entry.file_name() != "schema.new");
                if others {
                    bail!(
                        "the folder {shown} is not empty and holds no Pokédex data: choose another with --data"
                    );
                }
            }
            Err(error) => return Err(error).context(format!("the data folder {shown} cannot be read")),
        }
        let narrowed =
            private::narrow(path).with_context(|| format!("the data folder {shown} is not this user's"))?;
        let lock = File::create(path.join("lock")).with_context(|| format!("{shown} cannot be written"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another instance is using the data folder {shown}: end it, or choose another with --data"
                )
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).context(format!("{shown} cannot be locked"));
            }
        }
        if narrowed && schema.exists() {
            eprintln!("other users of this machine had access to the data folder {shown}; now only you have");
        }
        disk::check(path).with_context(|| format!("the data folder {shown} cannot be written"))?;
        // Under the lock, and before any other write, so that a kill in between leaves an empty folder.
        if !schema.exists() {
            let fresh = path.join("schema.new");
            fs::write(&fresh, SCHEMA).with_context(|| format!("{shown} cannot be written"))?;
            fs::rename(&fresh, &schema)?;
        }
        keys_have_their_database(path)?;
        narrow_files(path)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }
}

/// Removes other users' permissions on every file of `folder` except the signing keys.
fn narrow_files(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)?.filter_map(Result::ok) {
        // Skips links, so that the files they lead to stay as they are.
        if entry.file_type()?.is_file() && entry.file_name() != keys::FILE {
            let file = entry.path();
            private::narrow(&file).with_context(|| format!("{} is not this user's", file.display()))?;
        }
    }
    Ok(())
}

/// Keys without a database belong to another one: tokens that they signed name users that a new database does not have.
fn keys_have_their_database(folder: &Path) -> Result<()> {
    let keys = folder.join(keys::FILE);
    ensure!(
        !keys.exists() || folder.join(DATABASE).exists(),
        "the data folder {} holds signing keys but no database: put {DATABASE} back, move {} away to start without data, or choose \
         another folder with --data",
        folder.display(),
        keys::FILE
    );
    Ok(())
}
