//! The contents of the records may not change unnoticed: a deployment publishes them again only if `SHAPE` was raised.

use std::collections::BTreeSet;

use domain::{
    catalog::{Catalog, SHAPE},
    dex::DexIndex,
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tests::facts;

/// `SHAPE`, `DexIndex::FORMAT`, and the hash of the paths. If this test fails after a change of the records, raise
/// `SHAPE` (or `FORMAT`, for the index), and copy the values that it prints.
const SHAPES: (u32, u32, &str) = (2, 3, "4337585519d5dd3a");

#[test]
fn the_shape_of_the_records_equals_the_recorded_one() {
    let catalog = Catalog::new(facts());
    let (pokemon, problems) = catalog.pokemon();
    assert_eq!(problems.len(), 0);
    let mut paths = BTreeSet::new();
    for stored in &pokemon {
        let id = stored.pokemon.id;
        note(&mut paths, "pokemon", stored);
        note(&mut paths, "learnset", &catalog.learnset(id).0);
        note(&mut paths, "forms", &catalog.cosmetic_forms(id));
    }
    catalog.evolutions().for_each(|chain| note(&mut paths, "chain", &chain));
    catalog.types().for_each(|one| note(&mut paths, "type", &one));
    catalog.abilities().for_each(|ability| note(&mut paths, "ability", &ability));
    catalog.moves().for_each(|one| note(&mut paths, "move", &one));
    assert!(paths.len() > 100, "{paths:?}");
    let lines: String = paths.iter().map(|path| format!("{path}\n")).collect();
    let hash: String = Sha256::digest(&lines)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((SHAPE, DexIndex::FORMAT, hash.as_str()), SHAPES, "the paths are now:\n{lines}");
}

fn note(paths: &mut BTreeSet<String>, what: &str, record: &impl Serialize) {
    note_value(paths, what, &serde_json::to_value(record).unwrap());
}

/// Records each path of `value` with the JSON type of its value.
fn note_value(paths: &mut BTreeSet<String>, at: &str, value: &Value) {
    let kind = match value {
        Value::Array(items) => {
            return items.iter().for_each(|item| note_value(paths, &format!("{at}[]"), item));
        }
        Value::Object(fields) => {
            return fields.iter().for_each(|(name, value)| match name.as_str() {
                // The source's own keys, with any names.
                "conditions" => drop(paths.insert(format!("{at}.conditions"))),
                // A child is a node of the same shape.
                "evolves_to" => note_value(paths, at, value),
                name => note_value(paths, &format!("{at}.{name}"), value),
            });
        }
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "text",
    };
    paths.insert(format!("{at} {kind}"));
}
