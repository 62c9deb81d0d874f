//! `cargo lambda watch` and `cargo lambda invoke`, as the README uses them.
//!
//! `POKEDEX_CARGO_LAMBDA` names the folder of cargo-lambda; without it these tests run nothing. `cargo xtask test --only watch`
//! sets it.

use std::{
    env,
    os::unix::process::CommandExt as _,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use api::routes::SPECS;
use door::route::DEFAULT;
use http::Method;
use serde_json::Value;
use tempfile::NamedTempFile;
use tests::{House, is_for_everybody, sample};

use super::{Process, cargo};

/// The first request of a function waits for cargo.
const PATIENCE: Duration = Duration::from_secs(120);

/// cargo with cargo-lambda; `None` if it is not installed.
fn cargo_lambda() -> Option<Command> {
    let Some(folder) = env::var_os("POKEDEX_CARGO_LAMBDA") else {
        println!("not run: POKEDEX_CARGO_LAMBDA names no folder");
        return None;
    };
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([folder.into()].into_iter().chain(env::split_paths(&path)));
    let mut cargo = cargo();
    cargo.arg("lambda").env("PATH", path.expect("folders without a colon")).stdin(Stdio::null());
    Some(cargo)
}

/// `cargo lambda watch` on a separate port, with an engine; both end when this value is dropped.
struct Watch {
    process: Child,
    port: String,
    output: NamedTempFile,
    _engine: Process,
}

impl Watch {
    async fn start() -> Option<Self> {
        let mut command = cargo_lambda()?;
        let mut engine = Process::start(&["--engines-only", "--memory", "--port", "0"]);
        engine.ready().await;
        let address = tests::free_address();
        let port = address.rsplit(':').next().expect("a port").to_owned();
        let output = NamedTempFile::new().expect("a file for its output");
        command
            .args(["watch", "--ignore-changes"])
            .args(["--invoke-address", "127.0.0.1", "--invoke-port", &port, "--disable-cors"])
            .envs(engine.variables().await)
            .stdout(output.reopen().expect("the file"))
            .stderr(output.reopen().expect("the file"))
            // The functions are its child processes: they are ended together.
            .process_group(0);
        let process = command.spawn().expect("cargo starts");
        let watch = Self { process, port, output, _engine: engine };
        let started = Instant::now();
        while tokio::net::TcpStream::connect(&address).await.is_err() {
            assert!(started.elapsed() < PATIENCE, "it does not listen: {}", watch.text());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Some(watch)
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.output.path()).unwrap_or_default()
    }

    fn invoke(&self, name: &str) -> Output {
        let mut command = cargo_lambda().expect("it was there");
        command.args(["invoke", "functions", "--invoke-address", "127.0.0.1", "--invoke-port", &self.port]);
        command.arg("--data-file").arg(format!("events/{name}.json"));
        command.output().expect("cargo starts")
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(5) && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        // This ends every process that has not ended by itself.
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn watch_serves_every_route_as_the_house_does_and_invoke_takes_its_event() {
    let Some(watch) = Watch::start().await else { return };
    let (house, watched) =
        (House::seeded().await, House::already_at(&format!("http://127.0.0.1:{}", watch.port)));
    for spec in SPECS.iter().filter(|spec| is_for_everybody(spec)) {
        let (own, served) = (house.get(sample(spec.name)).await, watched.get(sample(spec.name)).await);
        assert_eq!(served.status, own.status, "{}: {served:?}; output: {}", spec.name, watch.text());
        // The program has its own keys.
        if !tests::OF_THE_MOMENT.contains(&spec.name) && spec.name != "get-jwks" {
            assert_eq!(served.json(), own.json(), "{}", spec.name);
        }
        if spec.path != DEFAULT {
            let refused = watched.send(Method::PATCH, sample(spec.name), &[]).await;
            assert_eq!(refused.status, 405, "{}", spec.name);
        }
    }
    let invoked = watch.invoke("get-pokemon");
    assert!(invoked.status.success(), "{invoked:?}");
    let answer: Value = serde_json::from_slice(&invoked.stdout).expect("JSON");
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let body: Value = serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(body["name"], "pikachu");
}
