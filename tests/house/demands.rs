//! The page of demands: every demand occurs once, every proof that it names exists, and its numbers are those of the templates.

use std::collections::BTreeMap;

use serde_json::Value;
use tests::{read, root, template};

const PAGE: &str = "docs/demands.md";

/// The number of demands.
const DEMANDS: usize = 107;

/// The demands that wait in part for the web app, and for trading.
const WEB: [usize; 4] = [10, 22, 44, 105];
const TRADING: [usize; 2] = [19, 107];
/// The demands that no machine without an account can show.
const ON_AWS: [usize; 11] = [9, 29, 30, 39, 52, 58, 63, 65, 79, 83, 87];

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

/// The cells of the table after the number and the demand.
const ANSWER: usize = 3;
const PROOF: usize = 4;

/// A number of an answer: its row, the text around it, the file that determines it, its place there, and its divisor. The place is a JSON
/// pointer, or the text before the number.
type Stated = (usize, &'static str, &'static str, &'static str, f64);

const DATA: &str = "infra/data.yaml";
const BACKUP: &str = "infra/backup.yaml";
const ACCOUNT: &str = "infra/account.yaml";
const WATCH: &str = "infra/watch.yaml";
const EDGE: &str = "infra/watch-global.yaml";
const DRILL: &str = "deploy/src/drill.rs";

const OF_APP: &str = "/Resources/AppTable/Properties/Replicas/0/PointInTimeRecoverySpecification/RecoveryPeriodInDays/Fn::If/1";
const OF_AUDIT: &str = "/Resources/AuditTable/Properties/Replicas/0/PointInTimeRecoverySpecification/RecoveryPeriodInDays/Fn::If/1";
const OF_LOGS: &str = "/Resources/LogsBucket/Properties/LifecycleConfiguration/Rules/0/ExpirationInDays";
const OF_PLAN: &str = "/Resources/Plan/Properties/BackupPlan/BackupPlanRule/0/Lifecycle/DeleteAfterDays";
const OF_EXPORTS: &str = "/Resources/ExportBucket/Properties/LifecycleConfiguration/Rules/0/ExpirationInDays";
const OF_TRAIL: &str = "/Resources/TrailBucket/Properties/LifecycleConfiguration/Rules/0/ExpirationInDays";
const OF_VERSIONS: &str = "/Resources/AssetsBucket/Properties/LifecycleConfiguration/Rules/1/NoncurrentVersionExpiration/NoncurrentDays";
const OF_UPLOADS: &str = "/Resources/AssetsBucket/Properties/LifecycleConfiguration/Rules/2/AbortIncompleteMultipartUpload/DaysAfterInitiation";

const NUMBERS: [Stated; 43] = [
    (4, "after # days", "deploy/feature.toml", "expires_after_days = ", 1.0),
    (36, "each # seconds", EDGE, "/Resources/HealthCheck/Properties/HealthCheckConfig/RequestInterval", 1.0),
    (40, "above # %", WATCH, "/Resources/Concurrency/Properties/Threshold", 1.0),
    (47, "above # errors", WATCH, "/Resources/ServerErrors/Properties/Threshold", 1.0),
    (47, "in # seconds", WATCH, "/Resources/ServerErrors/Properties/Period", 1.0),
    (48, "above # requests", WATCH, "/Resources/DependencyDown/Properties/Threshold", 1.0),
    (48, "in # seconds", WATCH, "/Resources/DependencyDown/Properties/Period", 1.0),
    (48, "above # errors of DynamoDB", WATCH, "/Resources/DatabaseErrors/Properties/Threshold", 1.0),
    (49, "above # %", WATCH, "/Resources/ErrorShare/Properties/Threshold", 1.0),
    (49, "in # of", WATCH, "/Resources/ErrorShare/Properties/DatapointsToAlarm", 1.0),
    (49, "of # minutes", WATCH, "/Resources/ErrorShare/Properties/EvaluationPeriods", 1.0),
    (49, "more than # requests", WATCH, "/Resources/ErrorShare/Properties/Metrics/0/Expression", 1.0),
    (50, "above # ms", WATCH, "/Resources/Latency/Properties/Threshold", 1.0),
    (50, "over # seconds", WATCH, "/Resources/Latency/Properties/Metrics/1/MetricStat/Period", 1.0),
    (50, "more than # requests", WATCH, "/Resources/Latency/Properties/Metrics/0/Expression", 1.0),
    (52, "more than # seconds", WATCH, "/Resources/ReplicationLag/Properties/Threshold", 1000.0),
    (52, "for # minutes", WATCH, "/Resources/ReplicationLag/Properties/DatapointsToAlarm", 1.0),
    (55, "more than # %", WATCH, "/Resources/SyncSkips/Properties/Threshold", 1.0),
    (55, "more than # runs", WATCH, "/Resources/SyncFails/Properties/Threshold", 1.0),
    (55, "in # consecutive hours", WATCH, "/Resources/JobsFail/Properties/DatapointsToAlarm", 1.0),
    (58, "above # % of misses", EDGE, "/Resources/EdgeMisses/Properties/Threshold", 1.0),
    (58, "for # hours", EDGE, "/Resources/EdgeMisses/Properties/DatapointsToAlarm", 1.0),
    (60, "for # days", "template.yaml", "RetentionInDays: ", 1.0),
    (61, "for # days", "template.yaml", "RetentionInDays: ", 1.0),
    (61, "for # days", DATA, OF_LOGS, 1.0),
    (63, "for # days", ACCOUNT, OF_TRAIL, 1.0),
    (81, "# days to every second", DATA, OF_APP, 1.0),
    (81, "# days to every second", DATA, OF_AUDIT, 1.0),
    (81, "# days of backups", BACKUP, OF_PLAN, 1.0),
    (81, "# days of exports", BACKUP, OF_EXPORTS, 1.0),
    (82, "# days; ", DATA, OF_APP, 1.0),
    (84, "# minutes", DRILL, "const LOSS: f64 = ", 60.0),
    (85, "# minutes for data", DRILL, "const DATA: f64 = ", 60.0),
    (85, "# minutes for code", DRILL, "const CODE: f64 = ", 60.0),
    (91, "of # dollars", ACCOUNT, "/Parameters/BudgetDollars/Default", 1.0),
    (
        91,
        "# % spent",
        ACCOUNT,
        "NotificationType: ACTUAL, ComparisonOperator: GREATER_THAN, Threshold: ",
        1.0,
    ),
    (
        91,
        "# % forecast",
        ACCOUNT,
        "NotificationType: FORECASTED, ComparisonOperator: GREATER_THAN, Threshold: ",
        1.0,
    ),
    (94, "up to # million", "docs/costs.json", "/break_even_millions", 1.0),
    (95, "old versions for # days", DATA, OF_VERSIONS, 1.0),
    (95, "old versions for # days", "infra/artifacts.yaml", "NoncurrentDays: ", 1.0),
    (95, "logs for # days", DATA, OF_LOGS, 1.0),
    (95, "broken uploads for # days", DATA, OF_UPLOADS, 1.0),
    (95, "broken uploads for # days", "infra/artifacts.yaml", "DaysAfterInitiation: ", 1.0),
];

/// The number of each row, and the cell of that row in this column.
fn rows(column: usize) -> Vec<(usize, String)> {
    let page = read(PAGE);
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = page.lines().filter(|line| line.starts_with("| ")).map(cells);
    rows.filter_map(|cells| {
        let number = cells[1].parse().ok()?;
        assert_eq!(cells.len(), 6, "row {number} has {} cells", cells.len() - 2);
        Some((number, cells[column].clone()))
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
    let numbers: Vec<_> = rows(PROOF).into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, (1..=DEMANDS).collect::<Vec<_>>());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, cell) in rows(PROOF) {
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
fn a_demand_is_open_or_on_aws_for_a_listed_reason() {
    let demands = rows(PROOF);
    let marked = |marker: &str| -> Vec<usize> {
        demands.iter().filter(|(_, cell)| parts(cell).1.contains(marker)).map(|(number, _)| *number).collect()
    };
    let mut waiting = [&WEB[..], &TRADING[..]].concat();
    waiting.sort_unstable();
    assert_eq!(marked("open"), waiting);
    assert_eq!(marked("open: web"), WEB);
    assert_eq!(marked("open: trading"), TRADING);
    assert_eq!(marked("only on AWS"), ON_AWS);
}

#[test]
fn every_proof_of_a_demand_exists() {
    let mut found = 0;
    for (number, cell) in rows(PROOF) {
        for proof in parts(&cell).0 {
            let exists = if proof.contains("::") {
                is_step(&proof) || is_test(&proof)
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

#[test]
fn numbers_are_those_of_the_templates() {
    let answers: BTreeMap<_, _> = rows(ANSWER).into_iter().collect();
    for (row, around, file, place, divisor) in NUMBERS {
        let expected = around.replace('#', &(number(file, place) / divisor).to_string());
        // Another number that ends in this one is not this one.
        let answer = format!(" {}", answers[&row]);
        let is_stated = answer.contains(&format!(" {expected}"));
        assert!(is_stated, "row {row} must say `{expected}`, after {file}: {place}");
    }
}

/// The first number at a place of a file, or the product that begins with it.
fn number(file: &str, place: &str) -> f64 {
    let text = read(file);
    let text = if place.starts_with('/') {
        let value: Value =
            if file.ends_with(".json") { serde_json::from_str(&text).expect("JSON") } else { template(file) };
        value.pointer(place).unwrap_or_else(|| panic!("{file} has nothing at {place}")).to_string()
    } else {
        let parts = text.split_once(place).unwrap_or_else(|| panic!("{file} does not contain {place}"));
        parts.1.to_owned()
    };
    let text = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = text.find(|c: char| !c.is_ascii_digit() && !". *".contains(c)).unwrap_or(text.len());
    text[..end].split('*').map(|factor| factor.trim().parse::<f64>().expect("a number")).product()
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
        is_marked(&text, name)
    };
    [".rs", "/mod.rs", "/tests.rs"].iter().any(|end| has(format!("{file}{end}")))
}

/// Whether the function of this name has the attribute of a test, among other attributes and comments.
fn is_marked(text: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let Some(at) = lines.iter().position(|line| line.contains(&function)) else { return false };
    let mut before = lines[..at].iter().rev().take_while(|line| !["", "}"].contains(*line));
    before.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
}

/// Whether the rehearsal has this step: `rehearsal::STEP`.
fn is_step(proof: &str) -> bool {
    let Some(name) = proof.strip_prefix("rehearsal::") else { return false };
    let program = read("tests/rehearsal/rehearse.py");
    let (_, steps) = program.split_once("\nSTEPS = [").expect("the steps");
    let (steps, _) = steps.split_once(']').expect("the end of the steps");
    steps.contains(&format!("\"{name}\""))
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
    for (step, exists) in
        [("rehearsal::migrated", true), ("rehearsal::applauded", false), ("migrated", false)]
    {
        assert_eq!(is_step(step), exists, "{step}");
    }
    for (text, exists) in [
        ("#[test]\nfn a() {}", true),
        ("/// A.\n#[tokio::test]\n#[should_panic]\nasync fn a() {}", true),
        ("#[test]\nfn b() {\n}\n\nfn a() {}", false),
        ("fn a() {}", false),
    ] {
        assert_eq!(is_marked(text, "a"), exists, "{text}");
    }
    assert_eq!(parts("`a`, `b`; open: c"), (vec!["a".to_owned(), "b".to_owned()], ", ; open: c".to_owned()));
}
