//! Ports: a plain start opens one, and the engines' ports reject requests without the access key id of this
//! start.

use std::{collections::HashMap, fs, path::Path};

use adapters::{
    aws,
    store::{CatalogStore, Meter, Tables},
};
use domain::Slug;
use tempfile::TempDir;
use tests::{Answer, exchange};

use super::{
    catalogue::filled,
    process::{Process, get, served},
};

/// The addresses that a process listens on, as the kernel reports them: `0100007F:1F90` is 127.0.0.1:8080.
fn listening(process: &Process) -> Vec<String> {
    const LISTEN: &str = "0A";
    let folder = format!("/proc/{}", process.id());
    let handles = fs::read_dir(Path::new(&folder).join("fd")).expect("its descriptors");
    let handles: Vec<String> = handles
        .filter_map(|handle| fs::read_link(handle.ok()?.path()).ok())
        .map(|target| target.display().to_string())
        .collect();
    let mut addresses = Vec::new();
    for table in ["tcp", "tcp6"] {
        let table =
            fs::read_to_string(Path::new(&folder).join("net").join(table)).expect("the kernel's table");
        for line in table.lines().skip(1) {
            let columns: Vec<_> = line.split_whitespace().collect();
            if columns[3] == LISTEN && handles.contains(&format!("socket:[{}]", columns[9])) {
                addresses.push(columns[1].to_owned());
            }
        }
    }
    addresses
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_plain_start_listens_on_its_own_port_alone() {
    let folder = filled().await;
    let mut process = Process::on(folder.path(), &[]);
    let base = process.ready().await;
    let port: u16 = base.rsplit(':').next().unwrap().parse().unwrap();
    assert_eq!(listening(&process), [format!("0100007F:{port:04X}")]);
    process.interrupt().await;
}

/// An engine with its own access key id.
struct Engines {
    process: Process,
    urls: [String; 2],
    key: String,
}

impl Engines {
    async fn start() -> Self {
        let mut process = Process::start(&["--engines-only", "--memory", "--port", "0"]);
        let dynamodb = process.ready().await;
        let variables: HashMap<String, String> = process.variables().await;
        let urls = [dynamodb, variables["AWS_ENDPOINT_URL_LAMBDA"].clone()];
        Self { process, urls, key: variables["AWS_ACCESS_KEY_ID"].clone() }
    }

    /// Sends one request with `headers` to the engine at `url`, and reads the answer.
    async fn send(&self, url: &str, method: &str, headers: &str) -> Answer {
        let (path, body) = if url == self.urls[0] {
            ("/", r#"{"TableName":"pokedex-local-app"}"#)
        } else {
            ("/2015-03-31/functions/sync-pokeapi/invocations", "not JSON")
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{headers}content-type: application/x-amz-json-1.0\r\n\
             x-amz-target: DynamoDB_20120810.Scan\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        exchange(url, request.as_bytes(), method == "HEAD").await
    }

    fn signed(key: &str) -> String {
        format!(
            "authorization: AWS4-HMAC-SHA256 Credential={key}/20261126/local/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=00\r\nx-amz-date: 20261126T000000Z\r\n"
        )
    }
}

#[tokio::test]
async fn engines_refuse_every_request_but_those_with_their_access_key_id() {
    let engines = Engines::start().await;
    let (right, wrong) = (Engines::signed(&engines.key), Engines::signed("local"));
    let half = Engines::signed(&engines.key[..engines.key.len() / 2]);
    let host = "host: 127.0.0.1\r\n";
    // The function itself rejects the event: the request reaches it, and it runs nothing.
    for (url, let_in) in engines.urls.iter().zip([200, 400]) {
        for headers in [host, "host: localhost:4566\r\n", "host: [::1]\r\n"] {
            let answer = engines.send(url, "POST", &format!("{headers}{right}")).await;
            assert_eq!(answer.status, let_in, "{url} {headers}: {answer:?}");
        }
        for headers in [
            host.to_owned(),
            format!("{host}{wrong}"),
            format!("{host}{half}"),
            format!("{host}{}", Engines::signed("")),
            format!("{host}authorization: Bearer {}\r\n", engines.key),
            format!("{host}x-amz-credential: {}\r\n", engines.key),
            format!("{host}origin: http://127.0.0.1:8080\r\n{right}"),
            format!("{host}origin: null\r\n{right}"),
            right.clone(),
            format!("host: pokedex.example\r\n{right}"),
            format!("host: 127.0.0.1.example\r\n{right}"),
            format!("host: 127.0.0.1@pokedex.example\r\n{right}"),
            format!("{host}host: pokedex.example\r\n{right}"),
        ] {
            for method in ["POST", "GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
                let answer = engines.send(url, method, &headers).await;
                assert_eq!(answer.status, 403, "{method} {url} {headers}: {answer:?}");
                assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")));
            }
        }
        let preflight = format!(
            "{host}origin: https://evil.example\r\naccess-control-request-method: POST\r\n\
             access-control-request-headers: x-amz-target\r\n"
        );
        let answer = engines.send(url, "OPTIONS", &preflight).await;
        assert_eq!(answer.status, 403, "{url}");
        assert!(
            !answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")),
            "{answer:?}"
        );
    }
    engines.process.interrupt().await;
}

#[tokio::test]
async fn each_start_has_another_access_key_id_of_128_random_bits_at_least() {
    let (one, other) = (Engines::start().await, Engines::start().await);
    let random = |engines: &Engines| engines.key.strip_prefix("LOCAL").expect("its prefix").to_owned();
    let (first, second) = (random(&one), random(&other));
    assert!(first.len() >= 32 && first.bytes().all(|byte| byte.is_ascii_hexdigit()), "{first}");
    assert_ne!(first, second);
}

#[tokio::test]
async fn the_program_uses_engines_of_another_process_with_their_access_key_id() {
    let engines = Engines::start().await;
    let folder = TempDir::new().unwrap();
    let arguments = ["--dynamodb", &engines.urls[0], "--port", "0"];
    let refused = Process::in_folder(folder.path(), &arguments).end().await;
    refused.assert_refused("AWS_ACCESS_KEY_ID");

    let mut command = tokio::process::Command::new(super::Program::LOCAL.path());
    command.env("AWS_ACCESS_KEY_ID", &engines.key);
    let mut process = Process::of(command, folder.path(), &arguments);
    let base = process.ready().await;
    assert_eq!(served(&base).await, 1351);
    assert_eq!(get(&base, "/api/v1/pokemon/25").await.json()["name"], "pikachu");
    process.interrupt().await;
    let store = CatalogStore::new(aws::at(&engines.urls[0]), &Tables::beside(local::tables::CATALOG));
    let stranger = store.pokemon(&Meter::default(), &Slug::parse("pikachu").unwrap()).await;
    assert!(stranger.is_err(), "another access key id reads nothing");
}
