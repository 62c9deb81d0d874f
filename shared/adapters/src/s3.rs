//! Errors of S3.

use crate::store::chain;

/// S3 did not perform the operation.
#[derive(Debug, thiserror::Error)]
#[error("S3 {operation}: {cause}")]
pub struct S3Error {
    operation: &'static str,
    cause: String,
}

impl S3Error {
    /// Makes the error of `operation` from the SDK's.
    pub fn of<E: std::error::Error>(operation: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self { operation, cause: chain(&error) }
    }
}
