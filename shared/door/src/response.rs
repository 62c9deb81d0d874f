//! The type of a response.

/// An HTTP response.
pub type Response = http::Response<bytes::Bytes>;
