//! A function behind the Runtime Interface Emulator.

use std::{
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::NamedTempFile;
use tests::free_address;

use crate::local::Program;

/// The X-Ray trace id of every invocation.
pub const X_RAY_ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

pub fn emulator() -> Option<PathBuf> {
    let named = std::env::var_os("POKEDEX_RUNTIME_EMULATOR").map(PathBuf::from);
    if named.is_none() {
        println!("not run: POKEDEX_RUNTIME_EMULATOR names no emulator");
    }
    named
}

/// A running function; it ends when this value is dropped.
pub struct Function {
    process: Child,
    url: String,
    output: NamedTempFile,
}

impl Function {
    /// Starts the function `name`; returns `None` without an emulator.
    pub async fn start(name: &str, variables: &[(&str, String)]) -> Option<Self> {
        Self::start_program(Program::FUNCTIONS, name, variables).await
    }

    /// Starts another program as the function `name`; returns `None` without an emulator.
    pub async fn start_program(program: Program, name: &str, variables: &[(&str, String)]) -> Option<Self> {
        Self::launch(Command::new(emulator()?), true, program, name, variables).await
    }

    /// Starts the function `name` so that it ends as soon as it writes to a file, and its output is lost; `None` without an emulator.
    pub async fn start_without_disk(name: &str, variables: &[(&str, String)]) -> Option<Self> {
        let mut limited = Command::new("prlimit");
        limited.arg("--fsize=0").arg(emulator()?);
        Self::launch(limited, false, Program::FUNCTIONS, name, variables).await
    }

    /// Starts `command`, which runs the emulator with the arguments that follow. Without `has_output`, nothing is written to a file.
    async fn launch(
        mut command: Command,
        has_output: bool,
        program: Program,
        name: &str,
        variables: &[(&str, String)],
    ) -> Option<Self> {
        let (address, runtime) = (free_address(), free_address());
        let output = NamedTempFile::new().expect("a file for its output");
        let printed = || if has_output { output.reopen().expect("the file").into() } else { Stdio::null() };
        command
            .args(["--runtime-interface-emulator-address", &address, "--runtime-api-address", &runtime])
            .args(["--log-level", "error"])
            .arg(program.path())
            .env_clear()
            .envs([
                ("AWS_REGION", "local"),
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
                (api::functions::HANDLER, name),
                ("AWS_LAMBDA_FUNCTION_NAME", name),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
                ("AWS_LAMBDA_FUNCTION_TIMEOUT", "60"),
            ])
            .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
            .stdin(Stdio::null())
            .stdout(printed())
            .stderr(printed())
            // The function is the emulator's child process: both are ended together.
            .process_group(0);
        let process = command.spawn().expect("the emulator starts");
        let url = format!("http://{address}/2015-03-31/functions/function/invocations");
        let function = Self { process, url, output };
        for _ in 0..2400 {
            if tokio::net::TcpStream::connect(&address).await.is_ok() {
                return Some(function);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the emulator does not listen: {}", function.text());
    }

    /// The response of the function.
    pub async fn invoke(&self, event: &Value) -> Value {
        adapters::tls::install_ring();
        let request = reqwest::Client::new().post(&self.url).body(event.to_string());
        let request = request.header("x-amzn-trace-id", format!("Root={X_RAY_ROOT}"));
        let response = request.timeout(Duration::from_secs(60)).send().await.expect("an answer");
        let body = response.bytes().await.expect("a body");
        serde_json::from_slice(&body)
            .unwrap_or_else(|error| panic!("{error}: {body:?}; output: {}", self.text()))
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.output.path()).unwrap_or_default()
    }

    /// Ends the function and returns its lines.
    pub async fn end(self) -> Vec<Value> {
        self.lines()
    }

    /// Every line written so far, each of which must be a JSON object.
    pub fn lines(&self) -> Vec<Value> {
        let text = self.text();
        // The emulator's own lines are not JSON.
        let emulators = ["START RequestId", "END RequestId", "REPORT RequestId", "INIT_REPORT"];
        let own = |line: &&str| !line.is_empty() && !emulators.iter().any(|begin| line.starts_with(begin));
        let parse = |line: &str| -> Value {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?} in {text}"))
        };
        text.lines().filter(own).map(parse).collect()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.process.wait();
        if !std::thread::panicking() {
            let text = self.text();
            let secret = tests::SECRETS.iter().find(|secret| text.contains(**secret));
            assert_eq!(secret, None, "is in the log: {text}");
        }
    }
}
