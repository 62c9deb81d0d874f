//! The reasons for which a source file is not stored.

/// The error for a source file that is not stored.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Rejected {
    #[error("the file has {bytes} bytes, but at most {limit} are allowed")]
    TooManyBytes { bytes: usize, limit: usize },
    #[error("the content type is {declared}, but the bytes are {found}")]
    ContentType { declared: String, found: &'static str },
    #[error("the bytes are {found}, but {expected} is expected")]
    Format { expected: &'static str, found: &'static str },
    #[error("the picture has {width} x {height} pixels, but at most {limit} x {limit} are allowed")]
    TooManyPixels { width: u32, height: u32, limit: u32 },
    #[error("the picture is animated")]
    Animated,
    #[error("the PNG is not readable: {0}")]
    Png(String),
    #[error("the SVG cannot be sanitized: {0}")]
    Svg(String),
    #[error("the Ogg file is not valid: {0}")]
    Ogg(&'static str),
    #[error("the picture cannot be encoded: {0}")]
    Encoding(String),
}
