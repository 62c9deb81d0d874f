//! The functions that no route invokes: their table, and the jobs besides the sync.

pub mod deletions;
pub mod invalidation;
pub mod migration;
pub mod probe;
pub mod rotation;
mod serve;
mod table;
pub mod verification;

pub use table::{DELETIONS, INVALIDATION, JOBS, Job, MIGRATION, ROTATION, SYNC, Schedule, VERIFICATION};
