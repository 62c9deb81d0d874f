//! What the measurements share.

pub mod surroundings;
