//! The modules of the store: a kernel that uses no wing, and no cycles.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use tests::root;

/// The wings, which are folders beside the kernel's files.
const WINGS: [&str; 2] = ["accounts", "catalog"];

/// Each module of the store, by its path below `store` (empty for the facade), and the modules that its `use` declarations name.
fn modules() -> BTreeMap<String, BTreeSet<String>> {
    let folder = root().join("shared/adapters/src/store");
    let mut sources = BTreeMap::new();
    read(&folder, "", &mut sources);
    let names: BTreeSet<String> = sources.keys().cloned().collect();
    let uses = |(module, source): (&String, &String)| {
        let paths = declarations(source).into_iter().flat_map(|tree| flat("", &tree)).collect::<Vec<_>>();
        let used = paths.iter().filter_map(|path| resolved(module, path, &names));
        (module.clone(), used.filter(|used| used != module).collect())
    };
    sources.iter().map(uses).collect()
}

fn read(folder: &Path, module: &str, sources: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let inner = if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") };
        if path.is_dir() {
            read(&path, &inner, sources);
        } else {
            let module = if name == "mod" { module.to_owned() } else { inner };
            let source = fs::read_to_string(&path).unwrap();
            let program = source.split("#[cfg(test)]").next().unwrap_or_default();
            sources.insert(module, program.to_owned());
        }
    }
}

/// The trees of the `use` declarations in `source`, without white space.
fn declarations(source: &str) -> Vec<String> {
    let starts = source.match_indices("use ").filter(|(at, _)| {
        let line = source[..*at].rsplit('\n').next().unwrap_or_default();
        line.trim_start().is_empty() || line.trim_start().starts_with("pub")
    });
    let tree = |(at, _): (usize, &str)| source[at + 4..].split(';').next().unwrap_or_default().to_owned();
    starts.map(tree).map(|tree| tree.split_whitespace().collect()).collect()
}

/// The paths of a tree: `a::{b,c::{d}}` has `a::b` and `a::c::d`.
fn flat(prefix: &str, tree: &str) -> Vec<String> {
    let Some((head, rest)) = tree.split_once('{') else { return vec![format!("{prefix}{tree}")] };
    let prefix = format!("{prefix}{head}");
    let inner = rest.strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut start, mut paths) = (0, 0, Vec::new());
    for (at, letter) in inner.char_indices().chain([(inner.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 && at > start => {
                paths.extend(flat(&prefix, &inner[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    paths
}

/// The module of the store that `path` names in `module`, if it names one.
fn resolved(module: &str, path: &str, names: &BTreeSet<String>) -> Option<String> {
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let from = |base: &str, rest: &str| {
        if base.is_empty() { rest.to_owned() } else { format!("{base}::{rest}") }
    };
    let absolute = if let Some(rest) = path.strip_prefix("super::") {
        from(parent, rest)
    } else if let Some(rest) = path.strip_prefix("crate::store::") {
        rest.to_owned()
    } else if let Some(rest) = path.strip_prefix("self::") {
        from(module, rest)
    } else {
        let child = from(module, path.split("::").next()?);
        return Some(from(module, path))
            .filter(|_| names.contains(&child))
            .and_then(|path| longest(&path, names));
    };
    longest(&absolute, names)
}

fn longest(path: &str, names: &BTreeSet<String>) -> Option<String> {
    let mut path = path;
    loop {
        if names.contains(path) {
            return Some(path.to_owned());
        }
        match path.rsplit_once("::") {
            Some((shorter, _)) => path = shorter,
            // An item of the facade.
            None => return Some(String::new()),
        }
    }
}

fn wing(module: &str) -> Option<&str> {
    let first = module.split("::").next()?;
    WINGS.contains(&first).then_some(first)
}

#[test]
fn the_kernel_of_the_store_uses_no_wing_and_nothing_uses_the_facade() {
    let modules = modules();
    assert!(modules.len() > 35 && modules["transaction"].contains("receipts"), "{modules:?}");
    for (module, used) in modules.iter().filter(|(module, _)| !module.is_empty()) {
        for used in used {
            assert!(!used.is_empty(), "{module} uses the facade");
            assert!(wing(module).is_some() || wing(used).is_none(), "{module}, of the kernel, uses {used}");
        }
    }
}

#[test]
fn the_modules_of_the_store_have_no_cycles() {
    let mut modules = modules();
    // Modules that use no remaining module are removed until none is left.
    while !modules.is_empty() {
        let names: BTreeSet<_> = modules.keys().cloned().collect();
        let before = modules.len();
        modules.retain(|_, used| !used.is_disjoint(&names));
        assert!(modules.len() < before, "a cycle among {modules:#?}");
    }
}

#[test]
fn the_wings_of_the_store_use_each_other_in_one_direction() {
    let modules = modules();
    let between: BTreeSet<_> = modules
        .iter()
        .flat_map(|(module, used)| used.iter().map(move |used| (wing(module), wing(used))))
        .filter_map(|(from, to)| Some((from?, to?)))
        .filter(|(from, to)| from != to)
        .collect();
    assert!(between.iter().all(|(from, to)| !between.contains(&(*to, *from))), "{between:?}");
}
