//! The domain depends on no AWS crate, HTTP crate or runtime. The stage `dependencies` also checks the dependency
//! tree that cargo resolves.

const OTHERS: [&str; 8] = ["adapters", "api", "aws", "axum", "http", "hyper", "reqwest", "tokio"];

#[test]
fn the_domain_depends_on_nothing_that_touches_a_machine() {
    let manifest: toml::Table = toml::from_str(&tests::read("shared/domain/Cargo.toml")).expect("TOML");
    let dependencies = manifest["dependencies"].as_table().expect("dependencies");
    for name in dependencies.keys() {
        let family = name.split(['-', '_']).next().unwrap_or_default();
        assert!(!OTHERS.contains(&family), "the domain depends on {name}");
    }
}
