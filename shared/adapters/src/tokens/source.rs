//! Where the secret is kept.

use std::{
    error::Error,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_sdk_secretsmanager::error::ProvideErrorMetadata as _;

use super::{BadKeys, KeyRing};
use crate::aws;

/// Where the keys are.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// Here, for as long as this process lives.
    Process(Arc<KeyRing>),
    /// On this machine.
    File(PathBuf),
    /// In Secrets Manager, under this name or ARN.
    Secret(String),
}

/// Why the keys are not to be had. Says where they are, and nothing of what they are.
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
    /// The keys.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn read(&self) -> Result<Arc<KeyRing>, KeysError> {
        let text = match self {
            Self::Process(ring) => return Ok(Arc::clone(ring)),
            Self::File(path) => match read_private(path) {
                Ok(Some(text)) => text,
                Ok(None) => return Err(KeysError::Exposed(self.place())),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(KeysError::None(self.place()));
                }
                Err(error) => return Err(self.unreachable(&error)),
            },
            Self::Secret(name) => {
                match aws::secrets_from_environment().get_secret_value().secret_id(name).send().await {
                    Ok(value) => value.secret_string.unwrap_or_default(),
                    // A secret is made empty, with the tables.
                    Err(error) if error.code() == Some("ResourceNotFoundException") => {
                        return Err(KeysError::None(self.place()));
                    }
                    Err(error) => return Err(self.unreachable(&error)),
                }
            }
        };
        if text.is_empty() {
            return Err(KeysError::None(self.place()));
        }
        KeyRing::from_json(&text).map(Arc::new).map_err(|BadKeys| KeysError::Bad(self.place()))
    }

    /// Puts `ring` in the place of the keys that there were: whole, or not at all.
    ///
    /// # Errors
    /// [`KeysError`]; those of a process cannot be replaced.
    pub async fn write(&self, ring: &KeyRing) -> Result<(), KeysError> {
        let text = ring.to_json().map_err(|BadKeys| KeysError::Bad(self.place()))?;
        match self {
            Self::Process(_) => Err(KeysError::Bad(self.place())),
            Self::File(path) => write(path, &text).map_err(|error| self.unreachable(&error)),
            Self::Secret(name) => {
                let put =
                    aws::secrets_from_environment().put_secret_value().secret_id(name).secret_string(text);
                put.send().await.map(|_| ()).map_err(|error| self.unreachable(&error))
            }
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Process(_) => "this process".to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::Secret(name) => name.clone(),
        }
    }

    fn unreachable(&self, error: &dyn Error) -> KeysError {
        KeysError::Unreachable { place: self.place(), reason: crate::store::chain(error) }
    }
}

/// The text of a file that only its owner can read; `None` where others have rights on it.
fn read_private(path: &Path) -> io::Result<Option<String>> {
    let file = File::open(path)?;
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&file.metadata()?) & 0o077 != 0 {
        return Ok(None);
    }
    io::read_to_string(file).map(Some)
}

/// A file that only its owner can read.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut options = OpenOptions::new();
    // What an earlier attempt has left may be anybody's to read.
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
