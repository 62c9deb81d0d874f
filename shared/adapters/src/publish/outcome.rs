//! The result of a publication.

use std::collections::BTreeSet;

use domain::{catalog::Problem, dex::BadIndex, facts::Kind};
use serde::Serialize;

use crate::store::StoreError;

/// Records that would vanish at once because their facts, or facts that they depend on, no longer exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The kind and the id of each record.
    pub records: BTreeSet<(Kind, u32)>,
    /// The number of records that are published.
    pub all: usize,
}

/// The result of a publication.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Published {
    /// Items written because they were new or differed.
    pub written: usize,
    pub unchanged: usize,
    /// Items deleted because their facts no longer exist.
    pub removed: usize,
    /// The version of the dex index that is current now.
    pub index: String,
    pub index_written: bool,
    /// Bytes of the index, before and after compression; the latter is 0 if the index was not written.
    pub index_size: (usize, usize),
    #[serde(skip)]
    pub problems: Vec<Problem>,
    /// Unknown fields, served as null.
    #[serde(skip)]
    pub gaps: Vec<Problem>,
}

#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a record cannot be made: {0}")]
    Record(String),
    #[error("the index cannot be made: {0}")]
    Index(String),
    #[error("{} of {} records would vanish at once", .0.records.len(), .0.all)]
    Loss(Loss),
}

impl From<serde_json::Error> for PublishError {
    fn from(error: serde_json::Error) -> Self {
        Self::Record(error.to_string())
    }
}

impl From<std::io::Error> for PublishError {
    fn from(error: std::io::Error) -> Self {
        Self::Record(error.to_string())
    }
}

impl From<BadIndex> for PublishError {
    fn from(error: BadIndex) -> Self {
        Self::Index(error.to_string())
    }
}
