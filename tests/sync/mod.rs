//! From PokeAPI to the catalogue: against a stand-in that misbehaves, on an engine that fails, and over all data.

mod again;
mod changes;
mod collisions;
mod deadline;
mod faults;
mod first;
mod healing;
mod held;
mod kills;
mod leases;
mod lists;
mod load;
mod mirror;
mod past;
mod polite;
mod removal;
mod shape;
mod source;
mod states;

mod catalogue;
mod records;
pub mod support;
pub mod switch;
