//! Writes `shared/api/openapi.json` (or prints it, with `--print`).

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let text = api::openapi::text();
    if std::env::args().any(|argument| argument == "--print") {
        println!("{text}");
        return ExitCode::SUCCESS;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    match std::fs::write(&path, text) {
        Ok(()) => {
            println!("wrote {}", path.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}
