//! Everything that accesses the network, the disk, the clock or the processor's threads.
//!
//! * [`aws`]: SDK clients, created only for routes that need one.
//! * [`deployments`]: the deployments that move traffic to new versions of functions.
//! * [`disk`]: free space for writes.
//! * [`edge`]: the responses that CloudFront stores.
//! * [`export`]: the export of a user's data, and its temporary storage.
//! * [`invoke`]: calls from one function to another.
//! * [`notices`]: messages to the people who operate an environment.
//! * [`s3`]: errors of S3.
//! * [`secrets`]: texts of secrets.
//! * [`store`]: the catalogue in DynamoDB.
//! * [`passwords`]: password hashes.
//! * [`pokeapi`]: a rate-limited PokeAPI client.
//! * [`publish`]: derives items and the index from facts, and writes only what differs.
//! * [`tls`]: the cryptography of HTTPS clients.
//! * [`tokens`]: access and refresh tokens, and their keys.
//! * [`sync`]: a resumable sync from PokeAPI to the catalogue.
//! * [`visitor`]: requests to a deployed product, as its clients send them.
//! * [`workers`]: threads and a bounded queue for CPU-bound work.

pub mod aws;
mod clock;
pub mod deployments;
pub mod disk;
pub mod edge;
pub mod export;
pub mod invoke;
pub mod notices;
pub mod passwords;
pub mod pokeapi;
pub mod publish;
pub mod s3;
pub mod secrets;
pub mod store;
pub mod sync;
pub mod tls;
pub mod tokens;
pub mod visitor;
pub mod workers;

pub use clock::{milliseconds, now};
