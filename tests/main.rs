//! The tests of the house; modules lie where URLs lie.

// A test that unwraps fails with its line, which says as much as a reason would.
#![allow(clippy::unwrap_used)]

mod reference;
mod stand_in;

mod abilities;
mod accounts;
mod bad_input;
mod budget;
mod caching;
mod callers;
mod cors;
mod door;
mod door_fuzz;
mod functions;
mod headers;
mod health;
mod house;
mod local;
mod meta;
mod moves;
mod new_index;
mod old_client;
mod openapi;
mod outage;
mod panics;
mod pokemon;
mod raw_http;
mod runtime;
mod shape;
mod store;
mod sync;
mod types;
mod watch;
mod workshop;
