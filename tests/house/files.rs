//! The files of the repository.

use std::{fs, path::Path};

use tests::root;

/// Folders without source files.
const SKIPPED: [&str; 5] = ["target", "node_modules", ".git", ".pokedex", "__pycache__"];

/// Returns the path, relative to the root, and the text of each file whose name is wanted.
pub fn texts(is_wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut files = Vec::new();
    add(&root(), "", &is_wanted, &mut files);
    assert!(files.len() > 300, "only {} files", files.len());
    files
}

fn add(folder: &Path, prefix: &str, is_wanted: &dyn Fn(&str) -> bool, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                add(&path, &format!("{prefix}{name}/"), is_wanted, files);
            }
        } else if is_wanted(&name) {
            files.push((format!("{prefix}{name}"), fs::read_to_string(&path).expect("UTF-8")));
        }
    }
}
