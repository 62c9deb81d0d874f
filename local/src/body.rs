//! A request body that is read within a size and a time.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;

/// A body that has not been read yet.
pub(crate) struct Body {
    incoming: Incoming,
    patience: Duration,
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLong,
    /// Cut short, or its chunks are malformed.
    Malformed,
    /// Not complete in time.
    Late,
}

impl Body {
    pub(crate) fn new(incoming: Incoming, patience: Duration) -> Self {
        Self { incoming, patience }
    }

    /// # Errors
    /// [`BodyError`].
    pub(crate) async fn read(self, longest: usize) -> Result<Bytes, BodyError> {
        let read = tokio::time::timeout(self.patience, Limited::new(self.incoming, longest).collect());
        match read.await.map_err(|_| BodyError::Late)? {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLong),
            Err(_) => Err(BodyError::Malformed),
        }
    }
}

impl BodyError {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
        }
    }

    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "The request body is too long.",
            Self::Malformed => "The request body was cut short, or its chunks are malformed.",
            Self::Late => "The request body was not complete in time.",
        }
    }
}
