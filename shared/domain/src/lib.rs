//! The rules and types of the Pokédex.
//!
//! * [`facts`]: the data kept from each PokeAPI resource, one struct per kind.
//! * [`assets`]: mirrored pictures and sounds, and their addresses.
//! * [`accounts`]: users, their names and their sessions.
//! * [`audit`]: the audit trail of account activity.
//! * [`catalog`]: the records that clients see, derived from the facts.
//! * [`name`]: names as people type them, and the keys for looking them up.
//! * [`dex`]: the index of every Pokémon: filters, sorts, search, pages.
//!
//! Nothing here uses a clock, a socket, a database or HTTP: time and randomness are arguments.

pub mod accounts;
pub mod assets;
pub mod audit;
pub mod catalog;
pub mod dex;
pub mod facts;
mod field;
mod id;
pub mod name;
pub mod slug;
pub mod timestamp;

pub use field::FieldError;
pub use name::{Name, normalise};
pub use slug::Slug;
pub use timestamp::Timestamp;
