//! Everything that the documents name exists.

use std::{collections::BTreeSet, time::Duration};

use adapters::workers::{LONGEST_WAIT, MOST_THREADS, QUEUE};
use domain::dex::ListQuery;
use door::{
    Request,
    limits::{Limit, Limits},
};
use local::server::ConnectionLimits;
use tests::{read, root};

#[test]
fn every_decision_is_listed_and_every_listed_decision_exists() {
    let listed = read("docs/adr/README.md");
    let mut files: BTreeSet<String> = std::fs::read_dir(root().join("docs/adr"))
        .expect("a folder")
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.remove("README.md");
    for file in &files {
        assert!(listed.contains(&format!("]({file})")), "docs/adr/README.md does not list {file}");
    }
    assert_eq!(listed.matches("](").count(), files.len());
}

/// `1,025`
fn grouped(number: usize) -> String {
    let (thousands, rest) = (number / 1000, number % 1000);
    if thousands == 0 { rest.to_string() } else { format!("{thousands},{rest:03}") }
}

#[test]
fn the_page_of_limits_states_the_values_of_the_code() {
    let page = read("docs/LIMITS.md");
    let limits = Limits::default();
    let all = [
        Limit::Register,
        Limit::Login,
        Limit::SignIn,
        Limit::Account,
        Limit::Password,
        Limit::Refresh,
        Limit::Write,
        Limit::Bulk,
        Limit::Logout,
        Limit::Failure,
    ];
    for bucket in all.map(|limit| limits.bucket(limit)) {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", bucket.name)));
        let cells: Vec<_> = row.unwrap_or_else(|| panic!("{bucket:?}")).split('|').map(str::trim).collect();
        let minutes = bucket.refill / 60_000;
        let time = format!("{minutes} minute{}", if minutes == 1 { "" } else { "s" });
        assert_eq!((cells[3], cells[4]), (bucket.capacity.to_string().as_str(), time.as_str()), "{bucket:?}");
    }
    assert!(page.contains(&format!("at most {MOST_THREADS} (`workers::MOST_THREADS`)")));
    assert!(page.contains(&format!("{QUEUE} more may wait (`workers::QUEUE`)")));
    assert!(page.contains(&format!("{} MiB in all", MOST_THREADS * 19)));
    let connections = ConnectionLimits::default();
    let seconds = |time: Duration| format!("{} s", time.as_secs());
    for value in [
        format!("At most {} rows a page (`MOST_PER_PAGE`)", ListQuery::MOST_PER_PAGE),
        format!("{} ids (`MOST_IDS`)", grouped(ListQuery::MOST_IDS)),
        format!("{} characters (`LONGEST_SEARCH`)", ListQuery::LONGEST_SEARCH),
        format!("{} bytes (`Request::LONGEST_QUERY`)", grouped(Request::LONGEST_QUERY)),
        format!("{} MiB for the bodies of all requests", ConnectionLimits::BODIES >> 20),
        format!("A task waits for {} seconds at most", LONGEST_WAIT.as_secs()),
        format!("{} for the headers of a request", seconds(connections.head)),
        format!("{} for its body", seconds(connections.body)),
        format!("{} without reading", seconds(connections.stalled)),
    ] {
        assert!(page.contains(&value), "docs/LIMITS.md says nothing of {value:?}");
    }
}

const DOCUMENTS: [&str; 15] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/adr/README.md",
    "docs/aws-first-day.md",
    "docs/checklists/release.md",
    "docs/operations.md",
    "docs/runbooks/edge.md",
    "docs/runbooks/release.md",
    "docs/runbooks/migrations.md",
    "docs/runbooks/origin-verify.md",
    "docs/runbooks/signing-keys.md",
    "docs/runbooks/sync.md",
    "docs/runbooks/schedules.md",
    "docs/runbooks/pictures.md",
];

#[test]
fn every_file_that_a_document_links_to_exists() {
    for document in DOCUMENTS {
        let text = read(document);
        let folder = std::path::Path::new(document).parent().expect("a folder");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let path = link.split('#').next().unwrap_or_default();
            assert!(root().join(folder).join(path).exists(), "{document} links to {link}");
        }
    }
}
