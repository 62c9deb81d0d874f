//! The structure of the crates: no cycle of modules, and no file that is too long.

mod graph;
mod source;

use std::{fs, path::Path};

use graph::cycles;
use source::Crate;
use tests::root;

/// The root file of each crate.
const CRATES: [&str; 11] = [
    "shared/domain/src/lib.rs",
    "shared/adapters/src/lib.rs",
    "shared/door/src/lib.rs",
    "shared/api/src/lib.rs",
    "infra/src/lib.rs",
    "local/src/lib.rs",
    "bench/src/lib.rs",
    "bench/src/main.rs",
    "tests/support/lib.rs",
    "tests/main.rs",
    "xtask/src/main.rs",
];

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
    assert!(found.is_empty(), "{} cycles of modules:\n{}", found.len(), found.join("\n"));
}

#[test]
fn no_source_file_is_longer_than_400_lines() {
    let mut long = Vec::new();
    for folder in ["shared", "functions", "infra", "local", "bench", "tests", "xtask"] {
        add_long_files(&root().join(folder), &mut long);
    }
    assert!(long.is_empty(), "files of more than {MOST_LINES} lines: {long:#?}");
}

fn add_long_files(folder: &Path, long: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
            add_long_files(&path, long);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let lines = fs::read_to_string(&path).expect("text").lines().count();
            if lines > MOST_LINES {
                long.push(format!("{}: {lines}", path.display()));
            }
        }
    }
}
