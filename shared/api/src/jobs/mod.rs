//! The functions that no route invokes: their table, and the jobs besides the sync.

pub mod deletions;
pub mod invalidation;
pub mod journeys;
pub mod migration;
pub mod mirror;
pub mod orphans;
pub mod probe;
pub mod rotation;
mod serve;
mod table;
pub mod verification;

pub use table::{
    DELETIONS, INVALIDATION, JOBS, Job, MIGRATION, MIRROR, ORPHANS, PROBE, ROTATION, SYNC, Schedule, Switch,
    VERIFICATION,
};
