//! Everything that the documents name exists.

use std::{collections::BTreeSet, time::Duration};

use adapters::workers::{LONGEST_WAIT, MOST_THREADS, QUEUE};
use domain::dex::ListQuery;
use door::{
    Request,
    limits::{Limit, Limits},
};
use local::server::ConnectionLimits;
use serde_json::Value;
use tests::{read, root, template};

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

/// The layers in front of the functions, as the templates configure them.
#[test]
fn the_page_of_limits_states_the_bounds_of_a_flood() {
    let page = read("docs/LIMITS.md");
    let says = |layer: &str, bound: &str| {
        let row = page.lines().find(|line| line.starts_with(&format!("| {layer} |")));
        let row = row.unwrap_or_else(|| panic!("docs/LIMITS.md has no row for {layer}"));
        assert!(row.contains(bound), "{layer} must say {bound:?}: {row}");
    };
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    let shown = |value: &Value| grouped(number(value).unwrap_or_else(|| panic!("{value} is not a number")));

    let edge = template("infra/edge-global.yaml");
    let rules = edge["Resources"]["Firewall"]["Properties"]["Rules"].as_array().expect("rules");
    for rule in rules {
        let limit = &rule["Statement"]["RateBasedStatement"];
        let bound = match limit.is_object() {
            true => {
                let (most, seconds) = (shown(&limit["Limit"]), &limit["EvaluationWindowSec"]);
                format!("{most} requests in {seconds} s from one address")
            }
            false => "AWS's rules against".to_owned(),
        };
        says(&format!("firewall, `{}`", rule["Name"].as_str().expect("a name")), &bound);
    }
    assert_eq!(page.matches("\n| firewall, ").count(), rules.len());

    let api = template("template.yaml");
    let stage = &api["Resources"]["HttpApiStage"]["Properties"];
    let (default, routes) = (&stage["DefaultRouteSettings"], stage["RouteSettings"].as_object());
    let of = |settings: &Value| {
        (number(&settings["ThrottlingRateLimit"]), number(&settings["ThrottlingBurstLimit"]))
    };
    let mut throttles: BTreeSet<_> = routes.expect("settings of routes").values().map(of).collect();
    throttles.insert(of(default));
    let throttles: Vec<_> = throttles.into_iter().rev().collect();
    assert_eq!(throttles, [(Some(200), Some(500)), (Some(50), Some(100)), (Some(20), Some(40))]);
    says(
        "HTTP API",
        "200 requests a second, 500 at once; if it changes data 50 and 100; if it needs a whole processor 20 and 40",
    );

    let data = template("infra/data.yaml");
    let resources = data["Resources"].as_object().expect("resources");
    for (id, table) in resources.iter().filter(|(_, one)| one["Type"] == "AWS::DynamoDB::GlobalTable") {
        let writes = &table["Properties"]["WriteOnDemandThroughputSettings"]["MaxWriteRequestUnits"];
        let replica = &table["Properties"]["Replicas"][0];
        let reads = &replica["ReadOnDemandThroughputSettings"]["MaxReadRequestUnits"];
        assert!(number(reads).is_some() && number(writes).is_some(), "{id} has no maxima");
        says("tables", &format!("{} read units and {} write units a second", shown(reads), shown(writes)));
    }
}

/// Every document of the repository, relative to its root.
fn documents() -> Vec<String> {
    let mut found: Vec<String> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned).to_vec();
    for folder in ["docs", "docs/adr", "docs/checklists", "docs/runbooks"] {
        let files = std::fs::read_dir(root().join(folder)).expect("a folder");
        let names = files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned());
        found.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")));
    }
    assert!(found.len() > 50, "{found:?}");
    found
}

#[test]
fn every_file_that_a_document_links_to_exists() {
    for document in documents() {
        let text = read(&document);
        let folder = std::path::Path::new(&document).parent().expect("a folder");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let path = link.split('#').next().unwrap_or_default();
            assert!(root().join(folder).join(path).exists(), "{document} links to {link}");
        }
    }
}
