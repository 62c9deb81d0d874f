//! The probe behind the emulator: its session lives as long as the process, and its lines have its metrics.

use serde_json::json;
use tempfile::NamedTempFile;
use tests::{Broken, sample_event};

use super::{emulated::Function, serving};
use crate::probe::support::Stage;

#[tokio::test]
async fn a_run_keeps_its_session_and_counts_a_failed_step() {
    let stage = Stage::new().await;
    let account = NamedTempFile::new().expect("a file");
    let mut variables = serving(&stage.users.tables, &stage.users.url);
    variables.push(("PROBE_ACCOUNT", format!("file:{}", account.path().display())));
    let Some(function) = Function::start("probe-api", &variables).await else { return };
    let event = json!({"address": stage.front.url});
    let checked = function.invoke(&sample_event("check-probe-api")).await;
    assert_eq!((&checked["outcome"], &checked["account"]), (&json!("checked"), &json!(false)), "{checked}");
    for part in ["signed-in", "refreshed"] {
        let report = function.invoke(&event).await;
        assert_eq!(report["failures"], json!([]), "{report}");
        assert_eq!(report["user"]["played"]["part"], part, "{report}");
    }
    stage.front.break_route(http::Method::GET, "/api/v1/auth/profile", Broken::Status(500));
    let report = function.invoke(&event).await;
    assert_eq!((&report["outcome"], &report["failures"][0]["step"]), (&json!("failed"), &json!("profile")));

    let lines = function.end().await;
    let ran: Vec<_> = lines.iter().filter(|line| line["msg"] == "ran").collect();
    let counted: Vec<_> = ran.iter().map(|line| (&line["ProbeFailed"], &line["JobErrors"])).collect();
    let (none, one) = (json!(0), json!(1));
    // The first line is that of the check.
    assert_eq!(counted, [(&none, &none), (&none, &none), (&none, &none), (&one, &none)], "{lines:?}");
    assert!(ran[1..].iter().all(|line| line["ProbeLatency"].as_u64().is_some_and(|time| time > 0)));
    let metrics = &ran[3]["_aws"]["CloudWatchMetrics"][0]["Metrics"];
    let named: Vec<_> = metrics.as_array().expect("metrics").iter().map(|metric| &metric["Name"]).collect();
    assert_eq!(named, ["JobErrors", "ProbeFailed", "ProbeLatency"]);
    let failed: Vec<_> = lines.iter().filter(|line| line["msg"] == "a step failed").collect();
    assert_eq!(failed.len(), 1, "{lines:?}");
    let step = failed[0];
    assert_eq!(
        (&step["level"], &step["journey"], &step["status"]),
        (&json!("ERROR"), &json!("user"), &json!(500))
    );
    // The credentials are in the secret alone.
    let stored = std::fs::read_to_string(account.path()).expect("the secret");
    let stored: serde_json::Value = serde_json::from_str(&stored).expect("JSON");
    let text = serde_json::to_string(&lines).expect("JSON");
    for field in ["username", "password"] {
        assert!(!text.contains(stored[field].as_str().expect("a text")), "{field}: {text}");
    }
}
