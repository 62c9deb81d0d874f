//! A request body, which is read within limits of size, time and the memory that all bodies share.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A body that has not been read yet.
pub(crate) struct Body {
    incoming: Incoming,
    patience: Duration,
    /// A permit for each byte that the bodies of all requests may hold.
    memory: Arc<Semaphore>,
}

/// A body that was read. Its bytes count towards the limit until it is dropped.
#[derive(Debug)]
pub(crate) struct ReadBody {
    pub bytes: Bytes,
    _memory: Option<OwnedSemaphorePermit>,
}

/// The reasons why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLong,
    /// The bodies of other requests use all of the memory.
    Busy,
    /// The body is cut short, or its chunks are malformed.
    Malformed,
    /// The body did not arrive in time.
    Late,
}

impl Body {
    pub(crate) fn new(incoming: Incoming, patience: Duration, memory: Arc<Semaphore>) -> Self {
        Self { incoming, patience, memory }
    }

    /// # Errors
    /// [`BodyError`].
    pub(crate) async fn read(self, longest: usize) -> Result<ReadBody, BodyError> {
        let patience = self.patience;
        tokio::time::timeout(patience, self.collect(longest)).await.map_err(|_| BodyError::Late)?
    }

    async fn collect(mut self, longest: usize) -> Result<ReadBody, BodyError> {
        let mut bytes = BytesMut::new();
        let mut memory: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = self.incoming.frame().await {
            let Ok(data) = frame.map_err(|_| BodyError::Malformed)?.into_data() else { continue };
            if bytes.len() + data.len() > longest {
                return Err(BodyError::TooLong);
            }
            let length = u32::try_from(data.len()).map_err(|_| BodyError::TooLong)?;
            let more =
                Arc::clone(&self.memory).try_acquire_many_owned(length).map_err(|_| BodyError::Busy)?;
            match &mut memory {
                Some(memory) => memory.merge(more),
                None => memory = Some(more),
            }
            bytes.extend_from_slice(&data);
        }
        Ok(ReadBody { bytes: bytes.freeze(), _memory: memory })
    }
}

impl BodyError {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
        }
    }

    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "The request body is too long.",
            Self::Busy => "The server holds too many long request bodies. Please try again in 2 seconds.",
            Self::Malformed => "The request body was cut short, or its chunks are malformed.",
            Self::Late => "The request body was not complete in time.",
        }
    }
}
