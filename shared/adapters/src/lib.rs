//! All that touches a machine.
//!
//! * [`aws`]: SDK clients, made only where a route needs one.
//! * [`store`]: the catalogue in DynamoDB.
//! * [`pokeapi`]: a polite client.
//! * [`publish`]: facts in, items and index out, writing only what differs.
//! * [`sync`]: PokeAPI to catalogue, resumable.

pub mod aws;
mod clock;
pub mod pokeapi;
pub mod publish;
pub mod store;
pub mod sync;

pub use clock::now;
