//! The storage of the secret.

use std::{
    io::{self, ErrorKind},
    path::PathBuf,
    sync::Arc,
};

use super::{BadKeys, KeyRing};
use crate::secrets::{self, SecretError};

/// The place where the keys are stored.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// In this process, for its lifetime.
    Process(Arc<KeyRing>),
    /// In a file on this machine.
    File(PathBuf),
    /// In Secrets Manager, under this name or ARN.
    Secret(String),
}

/// The reasons why the keys are not available. The error names their place, but reveals nothing about the keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    #[error("the signing keys in {place} cannot be read: {reason}")]
    Unreachable { place: String, reason: String },
    #[error("the signing keys in {0} are not readable")]
    Bad(String),
    #[error("there are no signing keys in {0} yet")]
    None(String),
    #[error(
        "other users of this machine can read the signing keys in {0}: delete the file for new keys, which signs everybody out, \
         or run `chmod 600` on it if nobody has read it"
    )]
    Exposed(String),
}

impl KeySource {
    /// Reads the keys.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn read(&self) -> Result<Arc<KeyRing>, KeysError> {
        let text = match self {
            Self::Process(ring) => return Ok(Arc::clone(ring)),
            Self::File(path) => match secrets::read_private(path) {
                Ok(Some(text)) => text,
                Ok(None) => return Err(KeysError::Exposed(self.place())),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(KeysError::None(self.place()));
                }
                Err(error) => return Err(self.in_file(&error)),
            },
            // The secret is created without a value, together with the tables.
            Self::Secret(name) => {
                secrets::read(name).await.map_err(|error| self.unreachable(error))?.unwrap_or_default()
            }
        };
        if text.is_empty() {
            return Err(KeysError::None(self.place()));
        }
        KeyRing::from_json(&text).map(Arc::new).map_err(|BadKeys| KeysError::Bad(self.place()))
    }

    /// Replaces the stored keys with `ring`, atomically.
    ///
    /// # Errors
    /// [`KeysError`]; the keys of a process cannot be replaced.
    pub async fn write(&self, ring: &KeyRing) -> Result<(), KeysError> {
        let text = ring.to_json().map_err(|BadKeys| KeysError::Bad(self.place()))?;
        match self {
            Self::Process(_) => Err(KeysError::Bad(self.place())),
            Self::File(path) => secrets::write_private(path, &text).map_err(|error| self.in_file(&error)),
            Self::Secret(name) => secrets::write(name, &text).await.map_err(|error| self.unreachable(error)),
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Process(_) => "this process".to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::Secret(name) => name.clone(),
        }
    }

    fn unreachable(&self, error: SecretError) -> KeysError {
        KeysError::Unreachable { place: self.place(), reason: error.reason }
    }

    fn in_file(&self, error: &io::Error) -> KeysError {
        KeysError::Unreachable { place: self.place(), reason: crate::store::chain(error) }
    }
}
