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
        "the index holds {rows} Pokémon, {types} types and {abilities} abilities; this program can number 65,534 Pokémon and abilities, and 64 types"
    )]
    TooMany { rows: usize, types: usize, abilities: usize },
    #[error("the name {0:?} contains a line break or a tab")]
    Name(String),
}

// The text of the variant already contains the cause: with a source, it would appear twice in an error chain.
impl From<serde_json::Error> for BadIndex {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}
