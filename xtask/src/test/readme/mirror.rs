//! A running mirror of PokeAPI, if `POKEAPI_MIRROR` names the program.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, bail};

/// The mirror's process, which ends when this value is dropped.
pub struct Mirror {
    process: Child,
    pub url: String,
}

impl Mirror {
    /// Starts the mirror; returns `None` if the variable is not set.
    pub fn start(place: &Path) -> anyhow::Result<Option<Self>> {
        let Some(program) = env::var_os("POKEAPI_MIRROR").filter(|program| !program.is_empty()) else {
            return Ok(None);
        };
        let port_file = place.join("mirror-port");
        let _ = fs::remove_file(&port_file);
        let mut command = Command::new(&program);
        command.args(["--port", "0", "--port-file"]).arg(&port_file);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let mut mirror = Self { process, url: String::new() };
        for _ in 0..600 {
            let port = fs::read_to_string(&port_file).unwrap_or_default();
            if let Ok(port) = port.trim().parse::<u16>() {
                mirror.url = format!("http://127.0.0.1:{port}/api/v2");
                return Ok(Some(mirror));
            }
            if let Some(ended) = mirror.process.try_wait()? {
                bail!("the mirror ended with {ended}");
            }
            sleep(Duration::from_millis(100));
        }
        bail!("the mirror does not serve within a minute")
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        // An error means that the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
