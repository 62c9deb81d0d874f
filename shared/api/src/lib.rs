//! The HTTP API. Start at [`routes`]: that table refers to everything else.
//!
//! Lambda ([`lambda`]) and the local gateway both pass requests to the [door](door::answer): the same API Gateway event, the same
//! conversion, the same handler.

mod abilities;
mod admin;
mod app;
mod auth;
mod catalogue;
pub mod config;
mod evolutions;
pub mod functions;
mod health;
pub mod jobs;
mod lambda;
mod meta;
pub mod metrics;
mod moves;
pub mod openapi;
mod pokemon;
mod prepare;
pub mod routes;
mod stored;
pub mod sync;
mod target;
mod types;
mod users;
pub mod web;
mod writer;

pub use app::App;
pub use config::Config;

/// A route of the product.
pub type Route = door::Route<App>;
