//! The packages that are linked into the program, according to `cargo tree`. `cargo metadata` would not do: it unites the features of the
//! whole workspace, and so names packages that the program does not contain.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use anyhow::{Context as _, ensure};

use crate::cargo::cargo;

/// The program's package.
pub const PROGRAM: &str = "functions";

/// The name and the version of a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    pub name: String,
    pub version: String,
}

impl Id {
    /// Returns `name-version`, as the registry names the package's archive.
    pub fn archive(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// The licence as its manifest states it; empty if it states none.
    pub licence: String,
    /// The packages that it uses directly.
    pub uses: BTreeSet<Id>,
}

/// Returns the program's package and every package that it links for `target`.
pub fn linked(target: &str) -> anyhow::Result<BTreeMap<Id, Package>> {
    let edges = ["-e", "normal,no-proc-macro", "--target", target];
    let output = cargo(["tree", "--locked", "-p", PROGRAM, "--prefix", "depth", "--format", "{p}|{l}"])
        .args(edges)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo tree ended with {}", output.status);
    parse(&String::from_utf8(output.stdout)?)
}

/// Parses lines such as `3serde v1.0.229|MIT OR Apache-2.0 (*)`, each with its depth below the program. A package with `(*)` has its
/// own lines at another place.
fn parse(tree: &str) -> anyhow::Result<BTreeMap<Id, Package>> {
    let mut packages: BTreeMap<Id, Package> = BTreeMap::new();
    let mut path: Vec<Id> = Vec::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let (depth, id, licence) = parse_line(line).with_context(|| format!("cargo tree prints {line:?}"))?;
        ensure!(depth <= path.len(), "cargo tree skips a level before {line:?}");
        path.truncate(depth);
        if let Some(user) = path.last().and_then(|user| packages.get_mut(user)) {
            user.uses.insert(id.clone());
        }
        packages.entry(id.clone()).or_insert_with(|| Package { licence, uses: BTreeSet::new() });
        path.push(id);
    }
    Ok(packages)
}

fn parse_line(line: &str) -> Option<(usize, Id, String)> {
    let (package, licence) = line.split_once('|')?;
    let start = package.find(|c: char| !c.is_ascii_digit())?;
    let depth = package[..start].parse().ok()?;
    let mut words = package[start..].split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    let licence = licence.strip_suffix(" (*)").unwrap_or(licence).to_owned();
    Some((depth, Id { name: name.to_owned(), version: version.to_owned() }, licence))
}

#[cfg(test)]
pub mod samples {
    use super::*;

    pub fn id(name: &str, version: &str) -> Id {
        Id { name: name.to_owned(), version: version.to_owned() }
    }

    /// Three packages: the program uses `one`, and both use `zstd-sys`.
    pub fn packages() -> BTreeMap<Id, Package> {
        let tree = "0functions v0.1.0 (/source/functions)|MIT\n1one v1.2.3|MIT/Apache-2.0\n\
                    2zstd-sys v2.0.1+zstd.1.5.7|MIT OR Apache-2.0\n1zstd-sys v2.0.1+zstd.1.5.7|MIT OR Apache-2.0 (*)\n";
        parse(tree).expect("packages")
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{id, packages};
    use super::*;

    #[test]
    fn a_tree_gives_each_package_once_with_the_packages_that_it_uses() {
        let found = packages();
        let native = id("zstd-sys", "2.0.1+zstd.1.5.7");
        assert_eq!(
            found.keys().cloned().collect::<Vec<_>>(),
            [id("functions", "0.1.0"), id("one", "1.2.3"), native.clone()]
        );
        let program = &found[&id("functions", "0.1.0")];
        assert_eq!(program.uses, [id("one", "1.2.3"), native.clone()].into());
        assert_eq!(found[&id("one", "1.2.3")].uses, [native.clone()].into());
        assert_eq!(
            found[&native],
            Package { licence: "MIT OR Apache-2.0".to_owned(), uses: BTreeSet::new() }
        );
    }

    #[test]
    fn a_line_that_cargo_tree_does_not_print_is_an_error() {
        for tree in ["0functions v0.1.0", "functions v0.1.0|MIT", "0functions|MIT", "0a v1|MIT\n2b v1|MIT"] {
            assert!(parse(tree).is_err(), "{tree}");
        }
    }
}
