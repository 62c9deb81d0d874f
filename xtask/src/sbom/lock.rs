//! The checksums of Cargo.lock.

use std::collections::BTreeMap;

use super::tree::Id;

/// Returns the SHA-256 of the archive of each package in a lock file; `None` for a package of this repository.
pub fn checksums(lock: &str) -> BTreeMap<Id, Option<String>> {
    let package = |block: &str| {
        let value = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""))?;
            Some(line.trim_end_matches('"').to_owned())
        };
        Some((Id { name: value("name")?, version: value("version")? }, value("checksum")))
    };
    lock.split("[[package]]\n").filter_map(package).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::samples::id;
    use super::*;

    #[test]
    fn a_package_of_the_registry_has_a_checksum_and_one_of_the_repository_has_none() {
        let lock = "# generated\nversion = 4\n\n[[package]]\nname = \"one\"\nversion = \"1.2.3\"\nsource = \"registry\"\n\
                    checksum = \"ab\"\ndependencies = [\n \"name\",\n]\n\n[[package]]\nname = \"functions\"\nversion = \"0.1.0\"\n";
        let expected = [(id("functions", "0.1.0"), None), (id("one", "1.2.3"), Some("ab".to_owned()))];
        assert_eq!(checksums(lock), expected.into());
    }
}
