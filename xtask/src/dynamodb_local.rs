//! DynamoDB Local for the duration of a test run: it is installed, started on a free port, and killed at the end.

mod install;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{self, Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use crate::cargo::{answers, root, target};

/// The time limit for the start; the JVM needs 3 s on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The running engine, which ends when this value is dropped.
pub struct DynamoDbLocal {
    process: Child,
    url: String,
}

/// Returns the name of a tool that the engine needs and that is missing, if there is one.
pub fn missing_tool() -> Option<&'static str> {
    // The compiler is needed as well: `java` runs our launcher from its source.
    if !answers("java", "-version") || !answers("javac", "-version") {
        Some("a Java development kit (17 or later)")
    } else if !install::is_current() && !answers("npm", "--version") {
        Some("npm")
    } else {
        None
    }
}

impl DynamoDbLocal {
    /// Starts the engine with its data in memory; it accepts any credentials. By itself it would listen on every
    /// interface and has no option to change that, so our launcher restricts it to the loopback address.
    pub fn start() -> anyhow::Result<Self> {
        let home = install::ensure()?;
        let port = free_port()?;
        let log = target().join("engines").join("dynamodb-local.log");
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let process = java()
            .args(["-cp", "DynamoDBLocal.jar:DynamoDBLocal_lib/*"])
            .arg(root().join("tests/engines/Loopback.java"))
            .args(["-inMemory", "-disableTelemetry", "-port", &port.to_string()])
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot start java")?;
        let mut engine = Self { process, url: format!("http://127.0.0.1:{port}") };
        engine.wait_until_it_answers(port, &log)?;
        eprintln!("DynamoDB Local (process {}) answers at {}", engine.process.id(), engine.url);
        Ok(engine)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    fn wait_until_it_answers(&mut self, port: u16, log: &Path) -> anyhow::Result<()> {
        let start = Instant::now();
        while !is_dynamodb(port) {
            if let Some(status) = self.process.try_wait()? {
                return Err(failed(&format!("ended with {status}"), log));
            }
            if start.elapsed() > PATIENCE {
                return Err(failed(&format!("did not answer within {PATIENCE:?}"), log));
            }
            sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

impl Drop for DynamoDbLocal {
    fn drop(&mut self) {
        // An error means that the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the command for `java`. On Linux it runs through `setpriv`, which becomes `java`: the kernel then kills it
/// even if xtask itself is killed and cannot clean up.
fn java() -> Command {
    if answers("setpriv", "--version") {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", "java"]);
        command
    } else {
        Command::new("java")
    }
}

/// Returns a free port below those that systems give to outgoing connections: one of those could take it in the seconds
/// that the JVM needs. Simultaneous runs start their search at different ports.
fn free_port() -> anyhow::Result<u16> {
    let first = u16::try_from(process::id() % 10_000)?;
    (0..10_000)
        .map(|step| 20_000 + (first + step) % 10_000)
        .find(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok())
        .context("no free port from 20000 to 29999")
}

/// Whether a DynamoDB answers on the port, and not another program that took it. DynamoDB answers an unsigned request
/// with an error of its own.
fn is_dynamodb(port: u16) -> bool {
    ask(port).is_ok_and(|answer| answer.contains("com.amazonaws.dynamodb"))
}

fn ask(port: u16) -> std::io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut connection = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    connection.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Prints the engine's own output and returns an error that says what went wrong.
fn failed(why: &str, log: &Path) -> anyhow::Error {
    eprintln!("{}", fs::read_to_string(log).unwrap_or_default());
    anyhow!("DynamoDB Local {why}")
}
