//! The error that ended a run, as administrators see it.

use adapters::sync::RunError;
use domain::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Serialize, JsonSchema)]
pub struct SyncFailure {
    pub at: Timestamp,
    pub reason: String,
}

impl From<RunError> for SyncFailure {
    fn from(RunError { at, reason }: RunError) -> Self {
        Self { at, reason }
    }
}
