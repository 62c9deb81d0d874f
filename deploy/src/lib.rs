//! Releases: a bundle is built once, deployed to an environment, proven, and rolled back or promoted.
//!
//! Start at [`release::deploy`]. A [`bundle`] holds everything that a release consists of; [`settings`] are those of an environment; a
//! [`manifest`] says what was deployed there. `docs/runbooks/release.md` is the guide for people.

pub mod address;
pub mod alarms;
pub mod aliases;
pub mod apply;
pub mod backup;
pub mod bundle;
pub mod changes;
pub mod cloud;
mod compose;
pub mod deployer;
pub mod drift;
pub mod drill;
pub mod environments;
pub mod first;
mod invalidation;
pub mod live;
pub mod manifest;
pub mod migration;
pub mod notices;
pub mod origin;
pub mod preflight;
pub mod program;
pub mod progress;
pub mod promotion;
mod protection;
mod provenance;
pub mod prune;
pub mod release;
pub mod restore;
pub mod rollback;
pub mod rotation;
pub mod settings;
pub mod smoke;
pub mod stacks;
pub mod store;
pub mod template;
mod web;
pub mod window;
