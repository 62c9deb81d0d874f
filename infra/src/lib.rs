//! The generator: writes every file, or part of a file, that the tables of routes and jobs determine.
//!
//! `cargo xtask generate` runs it; a test compares the committed files with its result. Written by hand are the handlers, the other parts
//! of `template.yaml`, and the bodies of the sample events.

pub mod accesses;
mod canary;
pub mod cost;
mod edge;
mod function;
mod gateway;
mod generated;
mod picture;
mod policy;
mod resources;
mod schedule;
mod sections;
mod skeletons;
mod stack;
mod tags;
mod template;
pub mod transactions;
pub mod watch;

use std::path::{Path, PathBuf};

use anyhow::Result;

pub use function::{ASSETS_BUCKET, EXPORTS_BUCKET, Function, PROBE_SECRET, functions, logical_id};
pub use generated::Generated;
pub use stack::{STACKS, Stack};

/// Generates all files of the repository at `root`.
///
/// # Errors
/// If a file with a part that is written by hand cannot be read, or has no mark where the generated part begins.
pub fn generate(root: &Path) -> Result<Vec<Generated>> {
    let functions = functions();
    let mut files = vec![accesses::generate(root, &functions)?, transactions::generate(root, &functions)?];
    files.extend(template::generate(root, &functions)?);
    files.extend(watch::generate(root, &functions)?);
    files.extend(edge::generate(root)?);
    files.extend(cost::generate(root, &functions, &files)?);
    files.push(picture::generate(root)?);
    files.extend(skeletons::generate(root)?);
    files.push(Generated::new("shared/api/openapi.json", api::openapi::text()));
    Ok(files)
}

/// Returns the sample events, relative to the root, that belong to no function.
///
/// # Errors
/// If their folder cannot be read.
pub fn strays(root: &Path) -> Result<Vec<PathBuf>> {
    skeletons::strays(root, &functions())
}
