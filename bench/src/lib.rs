//! Code that the measurements share.

pub mod surroundings;
