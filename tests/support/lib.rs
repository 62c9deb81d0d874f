//! The foundation of the tests: a house of real parts, a tap on its engine, and the guarantees of every
//! response.

pub mod alarm_rule;
mod bucket;
mod counts;
mod distribution;
mod event;
mod facts;
mod faults;
mod files;
mod front;
mod house;
mod log;
pub mod metric_math;
mod ports;
mod promises;
mod raw;
mod sample_users;
mod samples;
mod table;
mod tap;

pub use bucket::Bucket;
pub use counts::{count, note_figure};
pub use distribution::Distribution;
pub use event::{event, invoke, invoke_event};
pub use facts::facts;
pub use faults::Faults;
pub use files::{read, root, template};
pub use front::{Broken, Front};
pub use house::{
    Answer, House, SeededEngine, empty_store, engine_port, engine_url, make_accounts, ring, store_at,
};
pub use log::SECRETS;
pub use ports::free_address;
pub use promises::{CATALOGUE, assert_exposed, assert_sealed, problem};
pub use raw::{exchange, exchange_text};
pub use sample_users::{ASH, PASSWORD, SampleUsers, register, some_event};
pub use samples::{
    OF_THE_MOMENT, allowed_at, catalogue_samples, for_everybody, is_for_everybody, sample, sample_event,
};
pub use table::{lease, publish_facts, put_raw, raw_client};
pub use tap::{Call, Tap};
