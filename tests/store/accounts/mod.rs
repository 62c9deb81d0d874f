//! The account store: what each change writes, and that it is written once, whether it is sent twice, at the same time, or interrupted.

mod administrators;
mod audit;
mod bulk;
mod deletion;
mod errors;
mod favorites;
mod inspection;
mod keys;
mod limits;
mod listing;
mod overrides;
mod probe;
mod profile;
mod receipts;
mod registration;
mod replay;
mod reservations;
mod schema;
mod sessions;
mod support;
