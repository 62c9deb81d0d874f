//! One binary per route, and the router of `cargo lambda watch`.

use api::routes::SPECS;
use door::route::{DEFAULT, Spec};
use serde_json::{Value, json};

use super::{DELETIONS, ROTATION, SYNC, names, stems};

#[test]
fn each_route_has_a_binary_that_opens_it_and_nothing_else() {
    assert_eq!(stems("functions/src/bin", ".rs"), names());
    for spec in SPECS {
        let constant = spec.name.to_uppercase().replace('-', "_");
        let opens = format!("api::lambda::serve(&api::routes::{constant})");
        assert_eq!(
            tests::read(&format!("functions/src/bin/{}.rs", spec.name)),
            binary(&opens),
            "{}",
            spec.name
        );
    }
    for (name, opens) in [
        (SYNC, "api::sync::serve()"),
        (ROTATION, "api::jobs::rotation::serve()"),
        (DELETIONS, "api::jobs::deletions::serve()"),
    ] {
        assert_eq!(tests::read(&format!("functions/src/bin/{name}.rs")), binary(opens), "{name}");
    }
}

fn binary(opens: &str) -> String {
    format!("use std::process::ExitCode;\n\nfn main() -> ExitCode {{\n    {opens}\n}}\n")
}

fn manifest() -> Value {
    let manifest: toml::Value = toml::from_str(&tests::read("functions/Cargo.toml")).expect("TOML");
    serde_json::to_value(manifest).expect("JSON")
}

#[test]
fn each_binary_is_declared_and_holds_no_tests() {
    let declared = manifest()["bin"].clone();
    let expected: Vec<Value> = SPECS
        .iter()
        .map(|spec| spec.name)
        .chain([SYNC, ROTATION, DELETIONS])
        .map(|name| json!({ "name": name, "test": false }))
        .collect();
    assert_eq!(declared, Value::from(expected), "in the order of the table");
}

/// `cargo lambda build` sets its own defaults for everything that the release profile leaves open, and they
/// are not the ones we want.
#[test]
fn releases_unwind_and_leave_nothing_to_cargo_lambda() {
    let manifest: toml::Table = toml::from_str(&tests::read("Cargo.toml")).expect("TOML");
    let release = &manifest["profile"]["release"];
    assert_eq!(release["panic"].as_str(), Some("unwind"), "or a panic would end the process unanswered");
    for setting in ["lto", "codegen-units", "strip"] {
        assert!(release.get(setting).is_some(), "{setting}");
    }
}

#[test]
fn the_router_of_cargo_lambda_watch_is_the_table() {
    let mut expected = serde_json::Map::new();
    for spec in SPECS.iter().filter(|spec| spec.path != DEFAULT) {
        // cargo-lambda itself would answer a path whose method is not listed.
        let route = |method: &str| {
            // HEAD is GET without a body.
            let routed = if method == "HEAD" { "GET" } else { method };
            let asks = |other: &&Spec| other.method == routed;
            // This matches API Gateway: a PUT of `/pokemon/types` matches `/pokemon/{id}`.
            let wider = |other: &&Spec| asks(other) && !spec.path.contains('{') && other.matches(spec.path);
            let own = SPECS.iter().find(|other| asks(other) && other.path == spec.path);
            let own = own.or_else(|| SPECS.iter().find(wider));
            json!({ "method": method, "function": own.map_or("answer-unknown", |own| own.name) })
        };
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"];
        expected.insert(spec.path.to_owned(), methods.map(route).to_vec().into());
    }
    expected.insert("/".to_owned(), json!("answer-unknown"));
    expected.insert("/{*rest}".to_owned(), json!("answer-unknown"));
    assert_eq!(manifest()["package"]["metadata"]["lambda"]["watch"]["router"], Value::Object(expected));
}
