//! The structure of the crates: no cycle of modules, and no file that is too long.

mod graph;
mod source;

use graph::cycles;
use source::Crate;
use tests::{note_figure, root};

use super::files::texts;

/// The root file of each crate.
const CRATES: [&str; 15] = [
    "shared/domain/src/lib.rs",
    "shared/media/src/lib.rs",
    ADAPTERS,
    "shared/mirror/src/lib.rs",
    "shared/door/src/lib.rs",
    "shared/api/src/lib.rs",
    "infra/src/lib.rs",
    "local/src/lib.rs",
    "bench/src/lib.rs",
    "bench/src/main.rs",
    "bench/src/bin/instructions/main.rs",
    "bench/src/bin/load/main.rs",
    "tests/support/lib.rs",
    "tests/main.rs",
    "xtask/src/main.rs",
];

/// The crate with the store.
const ADAPTERS: &str = "shared/adapters/src/lib.rs";

/// The store's wings; every other module of the store, except the facade, belongs to its kernel.
const WINGS: [&str; 2] = ["store::accounts", "store::catalog"];

/// The most lines of a source file.
const MOST_LINES: usize = 400;

#[test]
fn no_crate_has_a_cycle_of_modules() {
    let mut found = Vec::new();
    for path in CRATES {
        let all = Crate::read(&root().join(path));
        let edges = all.edges();
        // A crate without edges would pass every check: the paths were not resolved.
        assert!(all.len() < 3 || edges.len() >= all.len() / 2, "{path}: {} edges", edges.len());
        found.extend(cycles(&edges).into_iter().map(|cycle| format!("{path}: {}", cycle.join("; "))));
    }
    note_figure("cycles", found.len());
    assert!(found.is_empty(), "{} cycles of modules:\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_kernel_of_the_store_depends_on_no_wing() {
    let edges = Crate::read(&root().join(ADAPTERS)).edges();
    let is_wing = |module: &str| WINGS.iter().any(|wing| module.starts_with(wing));
    let is_kernel = |module: &str| module.starts_with("store::") && !is_wing(module);
    let wrong: Vec<_> = edges.iter().filter(|((from, to), _)| is_kernel(from) && is_wing(to)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(edges.keys().any(|(from, to)| is_wing(from) && is_kernel(to)), "the wings use the kernel");
}

#[test]
fn the_door_names_no_route_and_nothing_that_a_route_serves() {
    let mut words: Vec<&str> = api::routes::SPECS.iter().map(|spec| spec.name).collect();
    words.extend([
        "domain::dex",
        "domain::catalog",
        "domain::facts",
        "CatalogStore",
        "/api/v1/",
        "Pokémon",
        "favorite",
    ]);
    let mut door = sources();
    door.retain(|(path, _)| path.starts_with("shared/door/src/"));
    assert!(door.len() > 20, "the door has only {} files", door.len());
    for (path, text) in door {
        let found: Vec<_> = words.iter().filter(|word| text.contains(**word)).collect();
        assert!(found.is_empty(), "{path} names {found:?}");
    }
}

#[test]
fn no_source_file_is_longer_than_400_lines() {
    let lengths = sources().into_iter().map(|(path, text)| (path, text.lines().count()));
    let long: Vec<_> = lengths.filter(|(_, lines)| *lines > MOST_LINES).collect();
    assert!(long.is_empty(), "files of more than {MOST_LINES} lines: {long:#?}");
}

/// Returns the path and the text of every source file.
fn sources() -> Vec<(String, String)> {
    texts(|name| name.ends_with(".rs"))
}
