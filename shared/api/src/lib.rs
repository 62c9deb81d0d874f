//! The HTTP API. Start at [`routes`]: everything else hangs on that table.
//!
//! A request enters by [`door::answer`], from Lambda ([`lambda`]) and from the local gateway alike: the same API
//! Gateway event, the same conversion, the same handler.

mod abilities;
pub mod app;
mod cache;
pub mod config;
pub mod door;
mod evolutions;
mod guard;
mod health;
pub mod lambda;
mod meta;
mod moves;
pub mod openapi;
mod pokemon;
pub mod problem;
mod request;
pub mod routes;
mod stored;
pub mod telemetry;
mod types;
mod unknown;

pub use app::App;
pub use config::Config;
pub use door::Event;
pub use problem::Problem;
pub use request::Request;
pub use routes::Route;

/// An answer on its way out.
pub type Response = http::Response<bytes::Bytes>;
