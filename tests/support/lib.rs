//! What the tests stand on: a house of real parts, and a tap on its engine.

mod house;
mod tap;

pub use house::{Answer, House, SeededEngine, empty_store, engine_url, store_at};
pub use tap::{Call, Tap};
