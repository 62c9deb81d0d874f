//! The file that marks a data folder of this program.

use std::{fs, path::Path};

/// The schema, raised whenever an older program could not read what this one stores.
pub(crate) const SCHEMA: &str = "pokedex data, schema 1\n";

/// Whether this program made `path` for its data.
pub(crate) fn is_data_folder(path: &Path) -> bool {
    fs::read_to_string(path.join("schema")).is_ok_and(|found| found == SCHEMA)
}
