//! The errors of the store.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::key::Key;

/// The reasons why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine is down, slow, throttling or rejecting our requests; a later attempt may help.
    #[error("DynamoDB {operation}: {cause}")]
    Unavailable { operation: &'static str, cause: String },
    /// A condition did not hold, because another writer was faster.
    #[error("DynamoDB {operation}: another writer was faster")]
    Conflict { operation: &'static str },
    /// Other writes in progress held the same items during every attempt. Nothing was written; another attempt soon helps.
    #[error("DynamoDB {operation}: other transactions held the same items during all attempts")]
    Busy { operation: &'static str },
    /// The item exists but cannot be read.
    #[error("the item {key} is malformed: {reason}")]
    Malformed { key: String, reason: String },
}

pub(super) fn malformed(key: &Key, reason: impl ToString) -> StoreError {
    StoreError::Malformed { key: key.to_string(), reason: reason.to_string() }
}

/// Maps an SDK error: a failed condition is a conflict, a write that conflicted with a transaction is busy, and everything else means that
/// the engine is unavailable.
pub(super) fn failed<E, R>(operation: &'static str) -> impl Fn(SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    move |error| {
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
        if matches!(code, Some("ConditionalCheckFailedException" | "TransactionCanceledException")) {
            return StoreError::Conflict { operation };
        }
        if code == Some("TransactionConflictException") {
            return StoreError::Busy { operation };
        }
        let cause = match &error {
            SdkError::ServiceError(context) => {
                let (code, message) = (context.err().code(), context.err().message());
                format!("{}: {}", code.unwrap_or("unknown error"), message.unwrap_or("no message"))
            }
            other => chain(other),
        };
        StoreError::Unavailable { operation, cause }
    }
}

/// Formats an error and its sources in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
