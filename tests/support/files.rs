//! The repository's own files, read at run time, so that tests see a change without a build.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;

/// The root of the repository, or of the copy that `POKEDEX_ROOT` names.
#[must_use]
pub fn root() -> PathBuf {
    let repository = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::var_os("POKEDEX_ROOT").map_or_else(repository, PathBuf::from)
}

/// The text of a file.
///
/// # Panics
/// If the file does not exist.
#[must_use]
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A template with its short intrinsics expanded: `!Ref X` is `{"Ref": "X"}`.
///
/// # Panics
/// If the template is not YAML.
#[must_use]
pub fn template(path: &str) -> Value {
    let yaml: Yaml = serde_yaml_ng::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    written_out(&yaml)
}

fn written_out(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            let name = if name == "Ref" { name.to_owned() } else { format!("Fn::{name}") };
            json!({ name: written_out(&tagged.value) })
        }
        Yaml::Mapping(fields) => {
            let text = |key: &Yaml| key.as_str().expect("a key that is text").to_owned();
            fields.iter().map(|(key, value)| (text(key), written_out(value))).collect()
        }
        Yaml::Sequence(items) => items.iter().map(written_out).collect(),
        other => serde_json::to_value(other).expect("a value that JSON knows"),
    }
}
