//! The error of an index that cannot be written or read.

/// An index that this program cannot write or read.
#[derive(Debug, thiserror::Error)]
pub enum BadIndex {
    #[error("the index is not readable: {0}")]
    Malformed(&'static str),
    #[error("the index contains JSON that is not readable: {0}")]
    Json(serde_json::Error),
    #[error("the index has format {found}, this program reads format {expected}")]
    Format { found: u32, expected: u32 },
    #[error(
        "the index holds {0} Pokémon and {1} types, more than the 65,535 and 64 that this program can number"
    )]
    TooMany(usize, usize),
}

// The text of the variant already contains the cause: with a source, it would appear twice in an error chain.
impl From<serde_json::Error> for BadIndex {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}
