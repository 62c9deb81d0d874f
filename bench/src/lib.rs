//! Code that the measurements share.

pub mod child;
pub mod machine;
pub mod surroundings;
