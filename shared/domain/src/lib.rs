//! The rules and types of the Pokédex.
//!
//! * [`facts`]: what we keep of each PokeAPI resource, one struct a kind.
//! * [`accounts`]: who may sign in, and by which names.
//! * [`audit`]: the trail of what accounts did.
//! * [`catalog`]: the records that clients see, derived from the facts.
//! * [`name`]: names as people type them, and the keys by which they are looked up.
//! * [`dex`]: the index of every Pokémon: filters, sorts, search, pages.
//!
//! Nothing here knows a clock, a socket, a database or HTTP: time and chance are arguments.

pub mod accounts;
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
