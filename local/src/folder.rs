//! The data folder: one process at a time, one schema.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

/// Raised when an older program could not read what this one stores.
const SCHEMA: &str = "pokedex data, schema 1\n";

/// A data folder that is ours alone until this is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Locked; the lock ends with the process, however it ends.
    _lock: File,
}

impl Folder {
    /// Opens `path`, making it where it is not there.
    ///
    /// # Errors
    /// One sentence when it is in use, of another schema, somebody else's, or not accessible.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        fs::create_dir_all(path).with_context(|| format!("the data folder {shown} cannot be made"))?;
        let schema = path.join("schema");
        match fs::read_to_string(&schema) {
            Ok(found) if found == SCHEMA => {}
            Ok(found) => bail!(
                "the data folder {shown} holds {:?}, this program reads {:?}: choose another with --data",
                found.trim(),
                SCHEMA.trim()
            ),
            Err(error) if error.kind() == ErrorKind::NotFound => {
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
        // Under the lock, and before anything else is stored: a kill in between leaves an empty folder.
        if !schema.exists() {
            let fresh = path.join("schema.new");
            fs::write(&fresh, SCHEMA).with_context(|| format!("{shown} cannot be written"))?;
            fs::rename(&fresh, &schema)?;
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join("dynamodb.sqlite")
    }
}
