//! The tests of the house; modules mirror the URLs.

// A test that unwraps fails with its line, which is as informative as a reason.
#![allow(clippy::unwrap_used)]
// `json!` expands once for each field of the largest expected answers.
#![recursion_limit = "256"]

mod reference;
mod stand_in;

mod abilities;
mod accounts;
mod admin;
mod assets;
mod auth;
mod health;
mod house;
mod http;
mod invalidation;
mod jobs;
mod local;
mod meta;
mod moves;
mod pokemon;
mod probe;
mod runtime;
mod store;
mod sync;
mod types;
mod users;
mod verification;
mod workshop;
