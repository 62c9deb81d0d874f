//! The crates that a program names.

use std::collections::BTreeSet;

use anyhow::ensure;

/// The folder of the registry's sources, as the release build renames it (`build.rs`).
const REGISTRY: &str = "/cargo/registry/src/";

/// Returns the crates, as `name-version`, whose source files a program names in its messages of panics.
///
/// # Errors
/// If the program names none: it was not built by `cargo xtask build`.
pub fn named(program: &[u8]) -> anyhow::Result<BTreeSet<String>> {
    let text = String::from_utf8_lossy(program);
    // Behind the folder: the name of the registry, then that of the crate.
    let archives = text.split(REGISTRY).skip(1).filter_map(|rest| rest.split('/').nth(1));
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    let named: BTreeSet<_> = archives.filter(|name| name.chars().all(is_name)).map(str::to_owned).collect();
    ensure!(!named.is_empty(), "the program names no crate: `cargo xtask build` builds one that does");
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_a_program_name_its_crates() {
        let program = b"\x7fELF/cargo/registry/src/index-1/ring-0.17.14/src/a.rs\xff/cargo/registry/src/index-1/\
                        zstd-sys-2.0.1+zstd.1.5.7/zstd/b.c\0/cargo/registry/src/index-1/ring-0.17.14/src/c.rs";
        let expected = ["ring-0.17.14", "zstd-sys-2.0.1+zstd.1.5.7"].map(str::to_owned);
        assert_eq!(named(program).expect("names"), expected.into());
        assert!(named(b"\x7fELF/home/cargo").is_err());
    }
}
