//! Consistency of the repository with the table of routes: these tests compare every file that repeats its content.
//! Each test reads the files as they are in the repository; `cargo xtask mutate` shows that each test detects changes.

mod access;
mod documents;
mod domain;
mod events;
mod functions;
mod modules;
mod stacks;
mod templates;
mod variables;

use std::collections::BTreeSet;

use api::routes::SPECS;

/// The scheduled functions, which are not routes.
const SYNC: &str = "sync-pokeapi";
const ROTATION: &str = "rotate-signing-key";
const DELETIONS: &str = "finish-deletions";

/// The name of every function.
fn names() -> BTreeSet<String> {
    SPECS.iter().map(|spec| spec.name).chain([SYNC, ROTATION, DELETIONS]).map(str::to_owned).collect()
}

/// `get-pokemon` as templates spell it: `GetPokemon`.
fn camel(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(capital).collect()
}

/// The file names of a folder, without `extension`.
fn stems(folder: &str, extension: &str) -> BTreeSet<String> {
    let files =
        std::fs::read_dir(tests::root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let stem = |name: String| {
        let stem = name.strip_suffix(extension);
        stem.unwrap_or_else(|| panic!("{folder}/{name} does not end in {extension}")).to_owned()
    };
    names.map(stem).collect()
}
