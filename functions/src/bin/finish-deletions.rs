use std::process::ExitCode;

fn main() -> ExitCode {
    api::jobs::serve_deletions()
}
