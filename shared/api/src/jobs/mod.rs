//! The scheduled functions: their table, and the jobs besides the sync.

pub mod deletions;
pub mod rotation;
mod serve;
mod table;

pub use table::{DELETIONS, JOBS, Job, ROTATION, SYNC};
