//! Texts that only their owner may read: secrets of Secrets Manager and, on one machine, files.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use aws_sdk_secretsmanager::error::ProvideErrorMetadata as _;

use crate::{aws, store::chain};

/// The reason why a secret can be neither read nor replaced.
#[derive(Debug, thiserror::Error)]
#[error("the secret {name} is not available: {reason}")]
pub struct SecretError {
    pub name: String,
    pub reason: String,
}

/// The place of a secret text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// In a file on this machine.
    File(PathBuf),
    /// In Secrets Manager, under this name or ARN.
    Named(String),
}

impl Secret {
    /// Returns the place that a variable names: `file:` and a path, or a name or ARN in Secrets Manager.
    #[must_use]
    pub fn at(place: &str) -> Self {
        match place.strip_prefix("file:") {
            Some(path) => Self::File(path.into()),
            None => Self::Named(place.to_owned()),
        }
    }

    /// Returns the text; `None` if it does not exist.
    ///
    /// # Errors
    /// [`SecretError`] if it cannot be read, also if other users of this machine can read the file.
    pub async fn read(&self) -> Result<Option<String>, SecretError> {
        match self {
            Self::Named(name) => read(name).await,
            Self::File(path) => match read_private(path) {
                Ok(Some(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
                Ok(None) => Err(in_file(path, "other users of this machine can read it")),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(in_file(path, error)),
            },
        }
    }

    /// Replaces the text, atomically.
    ///
    /// # Errors
    /// [`SecretError`] if it cannot be written.
    pub async fn write(&self, text: &str) -> Result<(), SecretError> {
        match self {
            Self::Named(name) => write(name, text).await,
            Self::File(path) => write_private(path, text).map_err(|error| in_file(path, error)),
        }
    }
}

fn in_file(path: &Path, reason: impl ToString) -> SecretError {
    SecretError { name: path.display().to_string(), reason: reason.to_string() }
}

/// Returns the text of the secret `name`; `None` if it does not exist or has no value, as after its creation.
///
/// # Errors
/// [`SecretError`] if it cannot be read.
pub async fn read(name: &str) -> Result<Option<String>, SecretError> {
    match aws::secrets_from_environment().get_secret_value().secret_id(name).send().await {
        Ok(value) => Ok(value.secret_string.filter(|text| !text.is_empty())),
        // A secret without a value, too, is not found.
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(SecretError { name: name.to_owned(), reason: chain(&error) }),
    }
}

/// Replaces the text of the secret `name`.
///
/// # Errors
/// [`SecretError`] if it cannot be written.
pub(crate) async fn write(name: &str, text: &str) -> Result<(), SecretError> {
    let put = aws::secrets_from_environment().put_secret_value().secret_id(name).secret_string(text);
    match put.send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(SecretError { name: name.to_owned(), reason: chain(&error) }),
    }
}

/// Reads a file that only its owner can read; returns `None` if others have rights on it.
pub(crate) fn read_private(path: &Path) -> io::Result<Option<String>> {
    let file = File::open(path)?;
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&file.metadata()?) & 0o077 != 0 {
        return Ok(None);
    }
    io::read_to_string(file).map(Some)
}

/// Writes a file that only its owner can read.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut options = OpenOptions::new();
    // Others may be able to read a file that an earlier attempt left behind.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => options.write(true).create_new(true),
    };
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}
