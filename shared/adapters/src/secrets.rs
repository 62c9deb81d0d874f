//! Secrets Manager's secrets.

use aws_sdk_secretsmanager::error::ProvideErrorMetadata as _;

use crate::{aws, store::chain};

/// The reason why a secret cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the secret {name} cannot be read: {reason}")]
pub struct SecretError {
    pub name: String,
    pub reason: String,
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
