//! Behaviour that every route shares.

mod bad_input;
mod bodies;
mod budget;
mod caching;
mod callers;
mod cors;
mod door;
mod door_fuzz;
mod faults;
mod head;
mod headers;
mod idempotency;
mod limits;
mod names;
mod old_client;
mod openapi;
mod outage;
mod panics;
mod raw_http;
mod texts;
mod traces;
