//! The HTTP kernel: it takes an API Gateway event, checks it, calls a route's handler and returns a response.
//!
//! It knows what a route is, and who the caller is: identity, sessions, rate limits and receipts. It names no route and no resource that
//! a route serves; those are in the crate `api`. Start at [`answer`], which every request passes through.

mod access;
pub mod answer;
mod blocking;
pub mod body;
pub mod cache;
pub mod config;
mod edge;
pub mod entry;
pub mod environment;
pub mod event;
pub mod headers;
pub mod idempotency;
pub mod kernel;
mod keys;
pub mod lambda;
mod limiter;
pub mod limits;
pub mod problem;
pub mod request;
mod response;
pub mod route;
pub mod router;
pub mod task;
pub mod telemetry;
mod ticket;
mod tokens;
pub mod unknown;

pub use access::authenticate;
pub use blocking::SERVER_BUSY;
pub use config::Config;
pub use event::Event;
pub use kernel::Kernel;
pub use limiter::{Token, subject};
pub use problem::Problem;
pub use request::{Caller, Request};
pub use response::Response;
pub use route::Route;
pub use router::Router;
pub use ticket::Ticket;
pub use tokens::access_token;
