//! `--dashboard`: a page with the numbers of the lines that the server prints.

use std::{collections::BTreeMap, path::Path, time::Duration};

use api::web;
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{House, PASSWORD, SeededEngine, Tap};
use tokio::time::sleep;

use super::{
    catalogue::filled,
    process::{Process, get},
};
use crate::stand_in::{StandIn, World};

const DATA: &str = "/dashboard.json";

/// The printed lines with this message, once there are `expected`.
async fn printed(process: &Process, message: &str, expected: usize) -> Vec<Value> {
    let mut lines: Vec<Value> = Vec::new();
    for _ in 0..6000 {
        let out = process.out();
        let objects = out.iter().filter(|line| line.starts_with('{'));
        lines = objects.map(|line| serde_json::from_str(line).expect("JSON")).collect();
        lines.retain(|line| line["msg"] == message);
        if lines.len() >= expected {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(lines.len(), expected, "{lines:?}");
    lines
}

async fn data(house: &House) -> Value {
    house.get(DATA).await.json()
}

fn row<'a>(report: &'a Value, route: &str) -> &'a Value {
    let rows = report["routes"].as_array().expect("rows");
    rows.iter().find(|row| row["name"] == route).unwrap_or_else(|| panic!("{route} in {report}"))
}

/// Sends requests of several outcomes; returns their number.
async fn send_requests(house: &House) -> usize {
    let pikachu = house.get("/api/v1/pokemon/25").await;
    let etag = pikachu.header("etag").expect("an entity tag");
    let unchanged = house.send(Method::GET, "/api/v1/pokemon/25", &[("if-none-match", etag)]).await;
    assert_eq!((pikachu.status.as_u16(), unchanged.status.as_u16()), (200, 304));
    for (path, status) in [
        ("/api/v1/pokemon?search=char", 200),
        ("/api/v1/pokemon/eevee/evolutions", 200),
        ("/api/v1/pokemon/99999", 404),
        ("/api/v1/missingno", 404),
    ] {
        assert_eq!(house.get(path).await.status, status, "{path}");
    }
    let body = json!({"username": "ash", "email": "ash@example.com", "password": PASSWORD});
    assert_eq!(house.call(Method::POST, "/api/v1/auth/register", None, Some(&body)).await.status, 201);
    let body = json!({"username": "nobody", "password": "wrong"});
    let mut refused = 0;
    for _ in 0..8 {
        let answer = house.call(Method::POST, "/api/v1/auth/login", None, Some(&body)).await;
        refused += usize::from(answer.status == 429);
    }
    assert_eq!(refused, 3);
    2 + 4 + 1 + 8
}

/// Asserts that the numbers of a row are those of the lines.
fn assert_same(row: &Value, lines: &[&Value], error: f64) {
    let sum = |field: &str| lines.iter().filter_map(|line| line[field].as_f64()).sum::<f64>();
    for (name, field) in [
        ("requests", "Requests"),
        ("4xx", "ClientErrors"),
        ("5xx", "ServerErrors"),
        ("calls", "calls"),
        ("rcu", "ReadUnits"),
        ("wcu", "WriteUnits"),
    ] {
        assert_eq!(row[name].as_f64(), Some(sum(field)), "{name} in {row}");
    }
    for event in ["RateLimited", "TokensIssued", "DependencyDown", "ColdStarts", "Panics"] {
        assert_eq!(row["events"][event].as_f64().unwrap_or_default(), sum(event), "{event} in {row}");
    }
    for (name, class) in [("2xx", 2), ("3xx", 3), ("4xx", 4), ("5xx", 5)] {
        let count =
            lines.iter().filter(|line| line["status"].as_u64().is_some_and(|status| status / 100 == class));
        assert_eq!(row[name], count.count(), "{name} in {row}");
    }
    let mut latencies: Vec<_> =
        lines.iter().map(|line| line["Latency"].as_f64().expect("a number")).collect();
    latencies.sort_by(f64::total_cmp);
    for (name, percent) in [("p50_ms", 50), ("p95_ms", 95), ("p99_ms", 99)] {
        let exact = latencies[(latencies.len() * percent).div_ceil(100) - 1];
        let shown = row[name].as_f64().expect("a percentile");
        // Latencies are counted in whole microseconds.
        assert!((shown - exact).abs() <= exact * error + 0.001, "{name}: {shown} instead of {exact}");
    }
}

#[tokio::test]
async fn the_dashboard_shows_the_numbers_of_the_printed_lines() {
    let folder = filled().await;
    // No try comes back while the test runs.
    let mut process = Process::on(folder.path(), &["--dashboard", "--rate-limits", "login=5/3600"]);
    let house = House::already_at(&process.ready().await);
    let empty = data(&house).await;
    assert_eq!(
        (&empty["routes"], &empty["all"]["requests"], &empty["jobs"]),
        (&json!([]), &json!(0), &json!([]))
    );
    let sent = send_requests(&house).await;
    let lines = printed(&process, "answered", sent).await;
    for line in &lines {
        assert_eq!((&line["service"], &line["env"]), (&json!("pokedex"), &json!("local")), "{line}");
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Pokedex", "{line}");
    }
    let report = data(&house).await;
    let error = report["percentile_error"].as_f64().expect("an error");
    let mut by_route: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for line in &lines {
        by_route.entry(line["route"].as_str().expect("a route")).or_default().push(line);
    }
    let rows = report["routes"].as_array().expect("rows");
    assert_eq!(rows.len(), by_route.len(), "{report}");
    for (route, lines) in &by_route {
        assert_same(row(&report, route), lines, error);
    }
    assert_same(&report["all"], &lines.iter().collect::<Vec<_>>(), error);
    assert_eq!(row(&report, "login-user")["events"]["RateLimited"], 3);
    assert_eq!(row(&report, "register-user")["events"]["TokensIssued"], 1);
    assert!(report["meanings"]["RateLimited"].is_string(), "{report}");
    // The request for the data is not a request of a route.
    assert_eq!(data(&house).await["all"]["requests"], sent);
    for (query, expected) in [("", sent), ("?route=login-user", 8), ("?route=get-type", 0)] {
        let series = house.get(&format!("{DATA}{query}")).await.json()["series"]["requests"].clone();
        let requests = series.as_array().expect("slots").iter().filter_map(Value::as_u64).sum::<u64>();
        assert_eq!(requests, expected as u64, "{query}");
    }
    let link = format!("  {}/dashboard", house.base);
    assert_eq!(process.out().iter().filter(|line| **line == link).count(), 1, "{:?}", process.out());
    process.interrupt().await;
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_shown_as_failures_of_a_dependency() {
    let tap = Tap::on(&SeededEngine::get().url).await;
    let folder = TempDir::new().unwrap();
    let arguments = ["--dynamodb", &tap.url, "--port", "0", "--dashboard"];
    let mut process = Process::in_folder(folder.path(), &arguments);
    let house = House::already_at(&process.ready().await);
    assert_eq!(house.get("/api/v1/pokemon/25").await.status, 200);
    tap.set_down(true);
    assert_eq!(house.get("/api/v1/pokemon/26").await.status, 503);
    let lines = printed(&process, "answered", 2).await;
    let report = data(&house).await;
    let row = row(&report, "get-pokemon");
    assert_eq!((&row["2xx"], &row["5xx"]), (&json!(1), &json!(1)), "{row}");
    assert_eq!(row["events"]["DependencyDown"], 1, "{row}");
    assert_same(
        row,
        &lines.iter().collect::<Vec<_>>(),
        report["percentile_error"].as_f64().expect("an error"),
    );
}

/// Registers a user on the folder and makes it an administrator; returns its access token.
async fn administrator(folder: &Path) -> String {
    let mut process = Process::on(folder, &[]);
    let house = House::already_at(&process.ready().await);
    let body = json!({"username": "oak", "email": "oak@example.com", "password": PASSWORD});
    let registered = house.call(Method::POST, "/api/v1/auth/register", None, Some(&body)).await.json();
    process.interrupt().await;
    let folder = folder.to_str().expect("a path of text");
    let granted = Process::start(&["--data", folder, "admin", "grant", "oak"]).end().await;
    assert_eq!(granted.out, ["oak is an administrator now"]);
    registered["access_token"].as_str().expect("a token").to_owned()
}

/// The job of the sync on the dashboard, once it has `runs` runs.
async fn sync_job(house: &House, runs: usize) -> Value {
    for _ in 0..6000 {
        let job = data(house).await["jobs"][0].clone();
        if job["runs"] == runs {
            return job;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("the sync has not run {runs} times: {}", data(house).await["jobs"]);
}

#[tokio::test]
async fn the_sync_is_shown_with_its_last_outcome_and_its_failures() {
    let folder = filled().await;
    let token = administrator(folder.path()).await;
    let source = StandIn::start(World::small()).await;
    // The source answers 404 there.
    let nowhere = format!("{}/nowhere", source.origin());
    let mut process = Process::on(folder.path(), &["--dashboard", "--pokeapi", &nowhere]);
    let house = House::already_at(&process.ready().await);
    let change = json!({"display_name": "Pika"});
    let changed = house.call(Method::PUT, "/api/v1/pokemon/pikachu", Some(&token), Some(&change)).await;
    assert!(changed.status.is_success(), "{changed:?}");
    let published = sync_job(&house, 1).await;
    assert_eq!((&published["outcome"], &published["failures"]), (&json!("published"), &json!(0)));
    let started = house.call(Method::POST, "/api/v1/admin/sync", Some(&token), None).await;
    assert_eq!(started.status, 202, "{started:?}");
    let failed = sync_job(&house, 2).await;
    assert_eq!((&failed["outcome"], &failed["failures"]), (&json!("error"), &json!(1)));
    let lines = printed(&process, "synced", 2).await;
    for (shown, line) in [published, failed].iter().zip(&lines) {
        assert_eq!((&shown["name"], &shown["outcome"]), (&line["route"], &line["outcome"]["outcome"]));
        assert_eq!(shown["error"], line["outcome"]["error"], "{line}");
        for name in ["calls", "rcu", "wcu"] {
            assert_eq!(shown[name], line[name], "{name} in {line}");
        }
        assert!(shown["age_seconds"].is_u64(), "{shown}");
    }
    process.interrupt().await;
}

/// Every text between `before` and `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| Some(rest.split_once(after)?.0)).collect()
}

#[tokio::test]
async fn the_page_loads_only_its_own_files_under_the_policy_of_every_page() {
    let folder = filled().await;
    let mut process = Process::on(folder.path(), &["--dashboard"]);
    let base = process.ready().await;
    let house = House::already_at(&base);
    for (path, media_type) in [
        ("/dashboard", "text/html; charset=utf-8"),
        ("/dashboard.css", "text/css; charset=utf-8"),
        ("/dashboard.js", "text/javascript; charset=utf-8"),
        ("/dashboard-plot.js", "text/javascript; charset=utf-8"),
        (DATA, "application/json"),
    ] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some(media_type), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
        for (name, value) in web::HEADERS {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        }
        let head = house.send(Method::HEAD, path, &[]).await;
        assert_eq!((head.status, head.body.len()), (answer.status, 0), "{path}");
        let post = house.send(Method::POST, path, &[]).await;
        assert!(post.status.is_client_error(), "POST {path}: {}", post.status);
    }
    let text = async |path: &str| String::from_utf8(get(&base, path).await.body).expect("text");
    let (page, script, style) =
        (text("/dashboard").await, text("/dashboard.js").await, text("/dashboard.css").await);
    let links = [between(&page, "href='", "'"), between(&page, "src='", "'")].concat();
    assert!(links.contains(&"/dashboard.js") && links.contains(&"/dashboard.css"), "{links:?}");
    for link in links {
        assert!(link.starts_with('/'), "{link}");
        assert_eq!(house.get(link).await.status, 200, "{link}");
    }
    assert!(!page.contains("<script>") && !page.contains("<style") && !page.contains(" style="), "{page}");
    assert_eq!(between(&script, "from '", "'"), ["/dashboard-plot.js"]);
    // The only address is the name of a namespace, and no text is parsed as HTML.
    assert_eq!(between(&script, "http", "'"), ["://www.w3.org/2000/svg"]);
    assert!(!script.contains("innerHTML") && !style.contains("url(") && !style.contains("@import"));
    process.interrupt().await;
}

#[tokio::test]
async fn distinct_paths_add_no_routes() {
    let folder = filled().await;
    let mut process = Process::on(folder.path(), &["--dashboard"]);
    let house = House::already_at(&process.ready().await);
    for nth in 0..200 {
        assert_eq!(house.get(&format!("/api/v1/nothing-{nth}/{nth}")).await.status, 404);
        assert_eq!(house.get(&format!("/api/v1/pokemon/nothing-{nth}")).await.status, 404);
    }
    let report = data(&house).await;
    let rows = report["routes"].as_array().expect("rows");
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["get-pokemon", "answer-unknown"]);
    for row in rows {
        assert_eq!((&row["requests"], &row["4xx"]), (&json!(200), &json!(200)), "{row}");
    }
    assert!(!report.to_string().contains("nothing-"), "{report}");
    process.interrupt().await;
}

#[tokio::test]
async fn a_server_without_the_option_has_no_dashboard_and_prints_no_lines() {
    let folder = filled().await;
    let mut process = Process::on(folder.path(), &[]);
    let house = House::already_at(&process.ready().await);
    for path in [DATA, "/dashboard.js", "/dashboard-plot.js", "/dashboard.css"] {
        assert_eq!(house.get(path).await.status, 404, "{path}");
    }
    // The path is one of the web app's pages, like every path without an extension.
    assert_eq!(house.get("/dashboard").await.body, house.get("/").await.body);
    let out = process.interrupt().await.out;
    assert!(!out.iter().any(|line| line.starts_with('{') || line.contains("dashboard")), "{out:?}");
}
