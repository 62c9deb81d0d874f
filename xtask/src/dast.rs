//! `cargo xtask dast`: a dynamic scan. Wapiti, a scanner of web applications, signs in and attacks every path of openapi.json on the local
//! server. `cargo xtask test` leaves it out, because Wapiti needs Python 3.12.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, ExitCode};
use std::{fs, io};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::cargo::{cargo, root, target};
use crate::tools::{Server, done, has_python, python};

/// The attacks. The others need a server on the internet that is called back, or concern TLS and names, which belong to the edge.
const MODULES: &str = "backup,cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,ldap,methods,permanentxss,redirect,\
                       shellshock,sql,timesql,upload,xss";

/// The bounds of the scan and of each attack, in seconds. An access token is valid for longer.
const LONGEST: [&str; 2] = ["600", "90"];

const API: &str = "shared/api/openapi.json";

pub fn run() -> anyhow::Result<ExitCode> {
    ensure!(has_python() && is_recent()?, "the scanner needs Python 3.12 with venv");
    let programs = python("wapiti")?;
    // `-p` is missing because it would build the dependencies again, with fewer features.
    done(&mut cargo(["build", "--bin", "local", "--locked"]))?;
    // With limits, most requests would not reach a handler.
    let server = Server::start(&["--rate-limits", "off"])?;
    let scanner = json!({
        "username": "scanner",
        "email": "scanner@example.com",
        "password": format!("a phrase for scan {}", std::process::id()),
    });
    let account = request(&server.url, "POST /api/v1/auth/register", None, &scanner.to_string())?;
    let token = account["access_token"].as_str().context("the registration issued no token")?;

    let place = target().join("tools/wapiti-run");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    let report = place.join("report.json");
    let [scan, attack] = LONGEST;
    let mut wapiti = Command::new(programs.join("wapiti"));
    wapiti.args(["--url", &format!("{}/", server.url), "--jwt", token, "--module", MODULES]);
    wapiti.arg("--swagger").arg(root().join(API));
    wapiti.args(["--exclude", &format!("{}/api/v1/auth/logout", server.url)]);
    wapiti.args(["--max-scan-time", scan, "--max-attack-time", attack, "--tasks", "8"]);
    wapiti.args(["--flush-session", "--no-bugreport", "--format", "json"]).arg("--output").arg(&report);
    wapiti.arg("--store-session").arg(place.join("session")).arg("--store-config").arg(place.join("config"));
    done(wapiti.current_dir(&place).stdout(io::stderr()))?;
    let profile = request(&server.url, "GET /api/v1/auth/profile", Some(token), "");
    profile.context("the session of the scanner ended before the scan")?;

    let report: Value = serde_json::from_str(&fs::read_to_string(&report)?)?;
    let paths: Value = serde_json::from_str(&fs::read_to_string(root().join(API))?)?;
    let paths = paths["paths"].as_object().map_or(0, serde_json::Map::len);
    let requested = report["infos"]["crawled_pages_nbr"].as_u64().unwrap_or_default();
    println!("{requested} requests were attacked; the API has {paths} paths");
    ensure!(requested >= paths as u64, "the scanner did not find all paths of {API}");
    let found = findings(&report);
    found.iter().for_each(|finding| println!("{finding}"));
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the findings of a report, one in each line. `additionals` are facts, such as the methods of a path.
fn findings(report: &Value) -> Vec<String> {
    let of = |kind: &'static str| report[kind].as_object().into_iter().flatten();
    let lists = of("vulnerabilities").chain(of("anomalies"));
    let found = lists.flat_map(|(name, list)| {
        list.as_array().into_iter().flatten().map(move |one| {
            let text = |field: &str| one[field].as_str().unwrap_or_default();
            format!("{name}: {} {}: {}", text("method"), text("path"), text("info"))
        })
    });
    found.collect()
}

/// Whether `python3`, which creates the scanner's environment, is recent enough for it.
fn is_recent() -> anyhow::Result<bool> {
    let check = "import sys; sys.exit(sys.version_info < (3, 12))";
    Ok(Command::new("python3").args(["-c", check]).status().context("cannot start python3")?.success())
}

/// Sends a request to the local server, such as `GET /path`, and returns the body of its successful answer.
fn request(url: &str, line: &str, token: Option<&str>, body: &str) -> anyhow::Result<Value> {
    let address = url.strip_prefix("http://").with_context(|| format!("{url} is not an address"))?;
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let mut connection = TcpStream::connect(address)?;
    write!(
        connection,
        "{line} HTTP/1.1\r\nHost: {address}\r\n{authorization}Content-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no body")?;
    ensure!(head.starts_with("HTTP/1.1 20"), "{line}: {}", head.lines().next().unwrap_or_default());
    Ok(serde_json::from_str(body)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vulnerabilities_and_anomalies_are_findings_and_facts_are_not() {
        let one = |info: &str| json!([{"method": "GET", "path": "/a", "info": info}]);
        let report = json!({
            "vulnerabilities": {"SQL Injection": one("in q"), "Path Traversal": []},
            "anomalies": {"Internal Server Error": one("500")},
            "additionals": {"HTTP Methods": one("OPTIONS")},
        });
        assert_eq!(findings(&report), ["SQL Injection: GET /a: in q", "Internal Server Error: GET /a: 500"]);
        assert!(findings(&json!({})).is_empty());
    }
}
