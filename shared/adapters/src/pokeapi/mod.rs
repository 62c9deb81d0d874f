//! A careful PokeAPI client: it limits its rate and concurrency, retries transient errors, and validates what it
//! receives.

mod client;
mod document;
mod pace;
mod past;
mod reduce;
mod types;

pub use client::{Config, FetchError, Fetched, PokeApi};
pub use document::Invalid;
pub use reduce::reduce;
