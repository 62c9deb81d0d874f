//! The page of demands: every demand occurs once, and every proof that it names exists.

use std::collections::BTreeMap;

use tests::{read, root};

const PAGE: &str = "docs/demands.md";

/// The number of demands.
const DEMANDS: usize = 107;

/// The folder of the sources of each crate that a proof can name. Tests of the package `tests` begin with the name of their module.
const CRATES: [(&str, &str); 9] = [
    ("domain", "shared/domain/src"),
    ("adapters", "shared/adapters/src"),
    ("door", "shared/door/src"),
    ("api", "shared/api/src"),
    ("deploy", "deploy/src"),
    ("infra", "infra/src"),
    ("xtask", "xtask/src"),
    ("bench", "bench/src"),
    ("functions", "functions/src"),
];

/// A row of the table: the number, and the cell with the proof.
fn rows() -> Vec<(usize, String)> {
    let page = read(PAGE);
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = page.lines().filter(|line| line.starts_with("| ")).map(cells);
    rows.filter_map(|cells| {
        let number = cells[1].parse().ok()?;
        assert_eq!(cells.len(), 6, "row {number} has {} cells", cells.len() - 2);
        Some((number, cells[4].clone()))
    })
    .collect()
}

/// The texts between backticks, and the text around them.
fn parts(cell: &str) -> (Vec<String>, String) {
    let parts: Vec<_> = cell.split('`').collect();
    let quoted = parts.iter().skip(1).step_by(2).map(|&text| text.to_owned()).collect();
    (quoted, parts.iter().step_by(2).copied().collect())
}

#[test]
fn every_demand_occurs_once_and_its_state_is_counted() {
    let numbers: Vec<_> = rows().into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, (1..=DEMANDS).collect::<Vec<_>>());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, cell) in rows() {
        let (proofs, around) = parts(&cell);
        let (is_open, is_on_aws) = (around.contains("open"), around.contains("only on AWS"));
        assert!(!(is_open && is_on_aws), "row {number} is both open and only on AWS");
        assert!(is_open || !proofs.is_empty(), "row {number} has neither a proof nor `open`");
        assert!(!is_on_aws || around.contains("stand-in"), "row {number} names no stand-in");
        let state = match (is_on_aws, is_open, proofs.is_empty()) {
            (true, ..) => "on AWS",
            (_, true, true) => "open",
            (_, true, false) => "in part",
            _ => "proven",
        };
        *counts.entry(state).or_default() += 1;
    }
    let count = |state: &str| counts.get(state).copied().unwrap_or_default();
    let expected = format!(
        "Today {} demands are proven, {} in part, {} are open, and {} can be shown only on AWS.",
        count("proven"),
        count("in part"),
        count("open"),
        count("on AWS")
    );
    assert!(read(PAGE).contains(&expected), "{PAGE} must say: {expected}");
}

#[test]
fn every_proof_of_a_demand_exists() {
    let mut found = 0;
    for (number, cell) in rows() {
        for proof in parts(&cell).0 {
            let exists = if proof.contains("::") {
                is_test(&proof)
            } else if proof.contains(['/', '.']) {
                root().join(&proof).is_file()
            } else {
                is_stage(&proof)
            };
            assert!(exists, "row {number}: {proof} does not exist");
            found += 1;
        }
    }
    assert!(found > 100, "only {found} proofs");
}

/// Whether a source file has this test: `house::stacks::NAME`, or `deploy::window::tests::NAME` in the file of that module.
fn is_test(path: &str) -> bool {
    let Some((module, name)) = path.rsplit_once("::") else { return false };
    let (first, rest) = module.split_once("::").unwrap_or((module, ""));
    let in_crate = CRATES.iter().find(|(name, _)| *name == first);
    let file = match in_crate {
        Some((_, folder)) => format!("{folder}/{}", rest.trim_end_matches("tests").trim_end_matches("::")),
        None => format!("tests/{module}"),
    };
    let file = file.replace("::", "/");
    let has = |path: String| {
        let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
        text.contains(&format!("fn {name}("))
    };
    [".rs", "/mod.rs", "/tests.rs"].iter().any(|end| has(format!("{file}{end}")))
}

/// Whether `cargo xtask test` has this stage.
fn is_stage(name: &str) -> bool {
    let (stages, store) = (read("xtask/src/test/stages.rs"), read("xtask/src/test/store.rs"));
    let is_constant = |text: &str| text.lines().any(|line| line.ends_with(&format!(": &str = \"{name}\";")));
    stages.contains(&format!("name: \"{name}\"")) || is_constant(&stages) || is_constant(&store)
}

#[test]
fn a_proof_that_does_not_exist_is_found() {
    for (proof, exists) in [
        ("house::demands::every_proof_of_a_demand_exists", true),
        ("door::environment::tests::only_names_of_environments_are_accepted", true),
        ("house::demands::every_demand_is_proven", false),
        ("house::wishes::every_proof_of_a_demand_exists", false),
        ("door::environment::tests::every_name_is_accepted", false),
    ] {
        assert_eq!(is_test(proof), exists, "{proof}");
    }
    for (stage, exists) in
        [("rehearsal", true), ("store-embedded", true), ("tests", true), ("premiere", false)]
    {
        assert_eq!(is_stage(stage), exists, "{stage}");
    }
    assert_eq!(parts("`a`, `b`; open: c"), (vec!["a".to_owned(), "b".to_owned()], ", ; open: c".to_owned()));
}
