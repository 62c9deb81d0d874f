//! The store of the catalogue: what the sync writes and the routes read.

mod errors;
mod facts;
mod index;
mod leases;
mod meter;
mod overrides;
mod reads;
pub(super) mod support;
mod writes;
