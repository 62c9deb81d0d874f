//! A careful PokeAPI client: it limits its rate and concurrency, retries transient errors, and validates what it
//! receives. Pictures and sounds come from the hosts to which PokeAPI refers.

mod assets;
mod client;
mod document;
mod http;
mod pace;
mod past;
mod reduce;
mod types;

pub use assets::AssetSource;
pub use client::{Fetched, PokeApi};
pub use document::Invalid;
pub use http::{Config, Download, FetchError};
pub use reduce::reduce;
