//! The binaries: three lines each, which open a door.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{function::Function, generated::Generated};

const FOLDER: &str = "functions/src/bin";

pub(crate) fn generate(functions: &[Function]) -> Vec<Generated> {
    let binary = |function: &Function| {
        let text =
            format!("use std::process::ExitCode;\n\nfn main() -> ExitCode {{\n    {}\n}}\n", function.main);
        Generated::new(format!("{FOLDER}/{}.rs", function.name), text)
    };
    functions.iter().map(binary).collect()
}

pub(crate) fn strays(root: &Path, functions: &[Function]) -> Result<Vec<PathBuf>> {
    let is_known = |stem: &str| functions.iter().any(|function| function.name == stem);
    others(root, FOLDER, is_known)
}

/// Returns the files of `folder` whose stem is not known.
pub(crate) fn others(root: &Path, folder: &str, is_known: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let mut others = Vec::new();
    for entry in fs::read_dir(root.join(folder)).with_context(|| folder.to_owned())? {
        let path = PathBuf::from(folder).join(entry?.file_name());
        if !path.file_stem().and_then(|stem| stem.to_str()).is_some_and(&is_known) {
            others.push(path);
        }
    }
    others.sort_unstable();
    Ok(others)
}
