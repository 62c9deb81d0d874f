//! Cycles of a graph of modules.

use std::collections::{BTreeMap, BTreeSet};

/// The modules that each module uses, with one path that shows it.
pub(super) type Edges = BTreeMap<(String, String), String>;

/// Returns each set of modules that all reach one another, as the list of the uses between them.
pub(super) fn cycles(edges: &Edges) -> Vec<Vec<String>> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in edges.keys() {
        next.entry(from).or_default().insert(to);
    }
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        next.keys().map(|module| (*module, reachable(module, &next))).collect();
    let mut seen = BTreeSet::new();
    let mut cycles = Vec::new();
    for (module, reached) in &reach {
        if !reached.contains(module) || seen.contains(module) {
            continue;
        }
        let is_mutual = |other: &&str| reach.get(other).is_some_and(|back| back.contains(module));
        let members: BTreeSet<&str> = reached.iter().copied().filter(is_mutual).collect();
        seen.extend(members.iter().copied());
        let inner = |((from, to), path): (&(String, String), &String)| {
            let is_inner = members.contains(from.as_str()) && members.contains(to.as_str());
            is_inner.then(|| format!("{from} -> {to} ({path})"))
        };
        cycles.push(edges.iter().filter_map(inner).collect());
    }
    cycles
}

fn reachable<'a>(from: &str, next: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = next.get(from).into_iter().flatten().copied().collect();
    while let Some(module) = open.pop() {
        if reached.insert(module) {
            open.extend(next.get(module).into_iter().flatten());
        }
    }
    reached
}

#[test]
fn a_cycle_is_found_and_a_chain_is_not() {
    let edge = |from: &str, to: &str| ((from.to_owned(), to.to_owned()), String::new());
    let chain: Edges = [edge("a", "b"), edge("b", "c"), edge("a", "c")].into();
    assert!(cycles(&chain).is_empty());
    let cycle: Edges = [edge("a", "b"), edge("b", "c"), edge("c", "b")].into();
    assert_eq!(cycles(&cycle), [["b -> c ()", "c -> b ()"]]);
}
