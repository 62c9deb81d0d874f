//! Mirrors PokeAPI's pictures and sounds into a bucket.
//!
//! * `run`: one run, from the facts to the manifest.
//! * `asset`: one asset, fetched, processed and stored.
//! * `work`: the assets that a run asks for.
//! * `orphans`: the files that no asset has any more.
//! * `bucket`: the files in S3.
//! * `state`: the state of runs, which is stored beside the lease.
//!
//! A file is stored before the manifest names it, and its name contains a hash of its content. A run that was killed at any point is
//! therefore completed by the next one, which finds the same files.

mod asset;
mod bucket;
mod orphans;
mod run;
mod state;
mod work;

pub use asset::hash_of;
pub use bucket::{Bucket, IMMUTABLE};
pub use orphans::{Collected, collect};
pub use run::{MirrorError, Outcome, Progress, run};
pub use state::{AssetFailure, MirrorRun, MirrorState, Tally, Totals};
pub use work::VERSION;
