//! The bounds of the expected bill. `docs/costs.json` is generated, so it has the figures of this commit.

use infra::cost::Summary;
use tests::read;

fn summary() -> Summary {
    serde_json::from_str(&read("docs/costs.json")).expect("the figures")
}

#[test]
fn a_million_requests_cost_at_most_four_dollars() {
    let Summary { million, lines, .. } = summary();
    assert!((0.5..=4.0).contains(&million), "${million}: {lines:?}");
    assert!(lines.iter().all(|line| line.dollars > 0.0), "{lines:?}");
}

#[test]
fn an_idle_environment_below_staging_costs_at_most_two_dollars() {
    let Summary { idle, .. } = summary();
    for name in ["branch", "dev"] {
        assert!((0.1..=2.0).contains(&idle[name]), "{name}: ${}", idle[name]);
    }
    assert!(idle["prod"] > idle["dev"] && idle["prod"] <= 45.0, "prod: ${}", idle["prod"]);
}

#[test]
fn the_container_design_is_dearer_up_to_many_requests() {
    assert!(summary().break_even_millions >= 20.0, "{}", summary().break_even_millions);
}
