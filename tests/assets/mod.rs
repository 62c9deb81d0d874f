//! The mirror of pictures and sounds, against a source, an engine and a bucket in this process.

mod faults;
mod kills;
mod orphans;
mod published;
mod runs;
pub mod support;
