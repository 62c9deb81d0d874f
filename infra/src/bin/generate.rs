//! Writes every generated file that differs, and deletes events of functions that no longer exist.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut changed = 0;
    for file in infra::generate(&root)? {
        let path = root.join(&file.path);
        if fs::read_to_string(&path).is_ok_and(|text| text == file.text) {
            continue;
        }
        fs::write(&path, &file.text).with_context(|| file.path.clone())?;
        println!("wrote {}", file.path);
        changed += 1;
    }
    for path in infra::strays(&root)? {
        fs::remove_file(root.join(&path)).with_context(|| path.display().to_string())?;
        println!("deleted {}", path.display());
        changed += 1;
    }
    if changed == 0 {
        println!("every generated file is current");
    }
    Ok(())
}
