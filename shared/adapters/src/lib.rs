//! All that touches a machine.
//!
//! * [`aws`]: SDK clients, made only where a route needs one.
//! * [`disk`]: room for what is written.
//! * [`export`]: the file of all that is a user's, and where it is kept for a while.
//! * [`invoke`]: functions that ask other functions.
//! * [`store`]: the catalogue in DynamoDB.
//! * [`passwords`]: hashed slowly.
//! * [`pokeapi`]: a polite client.
//! * [`publish`]: facts in, items and index out, writing only what differs.
//! * [`tokens`]: access and refresh tokens, and their keys.
//! * [`sync`]: PokeAPI to catalogue, resumable.
//! * [`workers`]: threads and a bounded queue for work that occupies a processor.

pub mod aws;
mod clock;
pub mod disk;
pub mod export;
pub mod invoke;
pub mod passwords;
pub mod pokeapi;
pub mod publish;
pub mod store;
pub mod sync;
pub mod tokens;
pub mod workers;

pub use clock::{milliseconds, now};
