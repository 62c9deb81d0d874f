//! The list as a document of CycloneDX 1.6.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::tree::{Id, PROGRAM, Package};

/// Returns the document: the program, its components, and which of them uses which. It has neither a time nor a random number.
///
/// # Errors
/// If Cargo.lock lacks a package, or a package states no licence.
pub fn document(
    packages: &BTreeMap<Id, Package>,
    checksums: &BTreeMap<Id, Option<String>>,
    target: &str,
) -> anyhow::Result<Value> {
    let references: BTreeMap<&Id, String> = packages
        .keys()
        .map(|id| Ok((id, reference(id, checksum(checksums, id)?.is_some()))))
        .collect::<anyhow::Result<_>>()?;
    let (mut program, mut components, mut dependencies) = (Value::Null, Vec::new(), Vec::new());
    for (id, package) in packages {
        let component = component(id, package, &references[id], checksum(checksums, id)?)?;
        if id.name == PROGRAM {
            program = component;
        } else {
            components.push(component);
        }
        let uses: Vec<_> = package.uses.iter().map(|used| references[used].as_str()).collect();
        dependencies.push(json!({"ref": references[id], "dependsOn": uses}));
    }
    ensure!(program.is_object(), "the tree does not contain {PROGRAM}");
    program["type"] = json!("application");
    program["properties"] = json!([
        {"name": "pokedex:target", "value": target},
        // Its standard library is linked as well.
        {"name": "pokedex:rust", "value": env!("CARGO_PKG_RUST_VERSION")},
    ]);
    let metadata = json!({"component": program});
    let serial = serial(&json!([metadata, components, dependencies]));
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial,
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": dependencies,
    }))
}

fn checksum<'a>(checksums: &'a BTreeMap<Id, Option<String>>, id: &Id) -> anyhow::Result<Option<&'a String>> {
    Ok(checksums.get(id).with_context(|| format!("Cargo.lock does not contain {}", id.archive()))?.as_ref())
}

/// Returns the package URL of a package of crates.io. The names of our packages would name other packages there.
fn reference(id: &Id, is_of_registry: bool) -> String {
    match is_of_registry {
        true => format!("pkg:cargo/{}@{}", id.name, id.version.replace('+', "%2B")),
        false => format!("pokedex/{}@{}", id.name, id.version),
    }
}

fn component(
    id: &Id,
    package: &Package,
    reference: &str,
    checksum: Option<&String>,
) -> anyhow::Result<Value> {
    ensure!(!package.licence.is_empty(), "{} states no licence", id.archive());
    let mut component = json!({
        "type": "library",
        "bom-ref": reference,
        "name": id.name,
        "version": id.version,
        "licenses": licences(&package.licence),
    });
    if let Some(checksum) = checksum {
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
        component["purl"] = json!(reference);
    }
    Ok(component)
}

/// Returns a licence by its id, and several as an expression. Old manifests separate alternatives with `/`.
fn licences(stated: &str) -> Value {
    let alternatives: Vec<_> = stated.split('/').map(str::trim).collect();
    let expression = alternatives.join(" OR ");
    match expression.contains(' ') {
        true => json!([{"expression": expression}]),
        false => json!([{"license": {"id": expression}}]),
    }
}

/// Returns a UUID of version 8, made of the content's SHA-256. GitHub does not attest a list without a serial number.
fn serial(content: &Value) -> String {
    let mut bytes: [u8; 32] = Sha256::digest(content.to_string()).into();
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::super::tree::samples::{id, packages};
    use super::*;

    fn checksums() -> BTreeMap<Id, Option<String>> {
        let registry = |name, version| (id(name, version), Some("ab".repeat(32)));
        [(id("functions", "0.1.0"), None), registry("one", "1.2.3"), registry("zstd-sys", "2.0.1+zstd.1.5.7")]
            .into()
    }

    #[test]
    fn a_document_has_each_package_with_its_licence_checksum_and_dependencies() {
        let document = document(&packages(), &checksums(), "target").expect("a document");
        let expected = json!({
            "type": "library",
            "bom-ref": "pkg:cargo/one@1.2.3",
            "name": "one",
            "version": "1.2.3",
            "licenses": [{"expression": "MIT OR Apache-2.0"}],
            "hashes": [{"alg": "SHA-256", "content": "ab".repeat(32)}],
            "purl": "pkg:cargo/one@1.2.3",
        });
        assert_eq!(document["components"][0], expected);
        assert_eq!(document["components"].as_array().map(Vec::len), Some(2));
        let native = "pkg:cargo/zstd-sys@2.0.1%2Bzstd.1.5.7";
        assert_eq!(document["components"][1]["purl"], native);
        let program = &document["metadata"]["component"];
        assert_eq!((&program["type"], &program["name"]), (&json!("application"), &json!("functions")));
        assert!(program.get("purl").is_none(), "the program is not a package of crates.io");
        assert_eq!(
            document["dependencies"][0],
            json!({"ref": "pokedex/functions@0.1.0", "dependsOn": ["pkg:cargo/one@1.2.3", native]})
        );
    }

    #[test]
    fn the_serial_number_follows_from_the_content() {
        let serial =
            |target| document(&packages(), &checksums(), target).expect("a document")["serialNumber"].clone();
        assert_eq!(serial("one"), serial("one"));
        assert_ne!(serial("one"), serial("another"));
        let text = serial("one").as_str().expect("a text").to_owned();
        assert_eq!((text.len(), &text[..9], &text[23..24]), (45, "urn:uuid:", "8"), "{text}");
    }

    #[test]
    fn a_package_without_a_licence_or_a_place_in_the_lock_file_is_an_error() {
        let mut without = packages();
        without.entry(id("one", "1.2.3")).or_default().licence.clear();
        let refused = document(&without, &checksums(), "target").unwrap_err();
        assert_eq!(refused.to_string(), "one-1.2.3 states no licence");
        let mut checksums = checksums();
        checksums.remove(&id("one", "1.2.3"));
        let refused = document(&packages(), &checksums, "target").unwrap_err();
        assert_eq!(refused.to_string(), "Cargo.lock does not contain one-1.2.3");
    }
}
