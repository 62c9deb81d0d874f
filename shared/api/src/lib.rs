//! The HTTP API. Start at [`routes`]: that table refers to everything else.
//!
//! Lambda ([`lambda`]) and the local gateway both pass requests to [`door`]: the same API Gateway event, the same
//! conversion, the same handler.

mod abilities;
mod access;
mod admin;
pub mod app;
mod auth;
mod body;
mod busy;
mod cache;
pub mod config;
pub mod door;
mod entry;
mod evolutions;
mod guard;
mod health;
mod idempotency;
pub mod jobs;
mod keys;
pub mod lambda;
pub mod limits;
mod meta;
mod moves;
pub mod openapi;
mod pokemon;
pub mod problem;
mod request;
pub mod routes;
mod stored;
pub mod sync;
mod target;
pub mod telemetry;
mod types;
mod unknown;
mod users;
mod writer;

pub use app::App;
pub use config::Config;
pub use door::Event;
pub use problem::Problem;
pub use request::{Caller, Request};
pub use routes::Route;

/// An HTTP response.
pub type Response = http::Response<bytes::Bytes>;
