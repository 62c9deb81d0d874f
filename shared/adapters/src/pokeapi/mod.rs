//! A polite PokeAPI client: paced, few at a time, patient with faults, and wary of what it is sent.

mod client;
mod document;
mod pace;
mod past;
mod reduce;

pub use client::{Config, FetchError, Fetched, PokeApi, install_ring};
pub use document::Invalid;
pub use reduce::reduce;
