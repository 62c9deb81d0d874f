//! The whole cloud on one machine: the same handlers, the same SDK, and engines in this process.
//!
//! * [`cli`], [`run`], [`refresh`]: the command line, one run of the program, and a sync before it serves.
//! * [`admin`]: the first administrator.
//! * [`database`]: the DynamoDB that a start uses.
//! * [`engine`]: DynamoDB, in memory or in a folder.
//! * [`functions`]: Lambda, for the only function that routes call.
//! * [`helper`]: access of the SDK to both, inside this process or on a port behind [`guard`].
//! * [`tables`]: the tables, created from `infra/data.yaml`.
//! * [`seed`]: the catalogue, filled from the bundled [`snapshot`].
//! * [`gateway`]: turns HTTP requests into the events that API Gateway would send, and sends the responses.
//! * [`dashboard`]: the counted lines of the last minutes, as a page.

pub mod admin;
mod body;
pub mod cli;
pub mod dashboard;
pub mod database;
mod dynamodb;
pub mod engine;
pub mod folder;
pub mod functions;
pub mod gateway;
pub mod guard;
pub mod helper;
pub mod keys;
pub mod page;
pub mod pictures;
pub mod port;
mod private;
pub mod progress;
pub mod refresh;
pub mod run;
mod schema;
pub mod seed;
pub mod server;
pub mod snapshot;
mod stream;
mod sweep;
pub mod tables;
