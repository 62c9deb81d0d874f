//! The whole cloud on one machine: the same handlers, the same SDK, engines in this process.
//!
//! * [`admin`]: the first administrator.
//! * [`engine`]: DynamoDB, in memory or in a folder.
//! * [`functions`]: Lambda, for the one function that routes ask.
//! * [`tables`]: the tables, made from `infra/data.yaml`.
//! * [`seed`]: the catalogue, filled from the bundled [`snapshot`].
//! * [`gateway`]: HTTP in, the event that API Gateway would make, answers out.

pub mod admin;
pub mod engine;
pub mod folder;
pub mod functions;
pub mod gateway;
pub mod keys;
mod page;
pub mod progress;
pub mod seed;
mod server;
pub mod snapshot;
mod sweep;
pub mod tables;
