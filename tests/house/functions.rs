//! The generated files, and the settings of release builds.

use tests::{read, root};

#[test]
fn every_generated_file_is_current() {
    for file in infra::generate(&root()).expect("the files can be generated") {
        let is_current = root().join(&file.path).exists() && read(&file.path) == file.text;
        assert!(is_current, "{} differs from the tables: run `cargo xtask generate`", file.path);
    }
}

#[test]
fn every_event_belongs_to_a_function() {
    let strays = infra::strays(&root()).expect("the folder can be read");
    assert!(strays.is_empty(), "{strays:?} belong to no function: run `cargo xtask generate`");
}

/// `cargo lambda build` sets its own defaults for everything that the release profile leaves open, which differ from the required ones.
#[test]
fn releases_unwind_and_leave_nothing_to_cargo_lambda() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).expect("TOML");
    let release = &manifest["profile"]["release"];
    assert_eq!(release["panic"].as_str(), Some("unwind"), "or a panic would end the process unanswered");
    for setting in ["lto", "codegen-units", "strip"] {
        assert!(release.get(setting).is_some(), "{setting}");
    }
}
