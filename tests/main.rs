//! The tests of the house; modules mirror the URLs.

// A test that unwraps fails with its line, which is as informative as a reason.
#![allow(clippy::unwrap_used)]
// `json!` expands once for each field of the largest expected answers.
#![recursion_limit = "256"]

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
mod head;
mod headers;
mod health;
mod house;
mod jobs;
mod local;
mod meta;
mod moves;
mod names;
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
mod texts;
mod traces;
mod types;
mod watch;
mod workshop;
