//! Consistency of the repository with the table of routes: these tests compare every file that repeats its content.
//! Each test reads the files as they are in the repository; `cargo xtask mutate` shows that each test detects changes.

mod access;
mod account;
mod alarms;
mod authorization;
mod costs;
mod demands;
mod documents;
mod domain;
mod edge;
mod events;
mod files;
mod functions;
mod guides;
mod modules;
mod outside;
mod prose;
mod recovery;
mod schedules;
mod stacks;
mod templates;
mod variables;
mod workflows;
