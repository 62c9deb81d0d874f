//! The store, held to the same tests on the embedded engine and on DynamoDB Local.

mod accounts;
mod errors;
mod facts;
mod index;
mod leases;
mod meter;
mod overrides;
mod reads;
mod support;
mod writes;
