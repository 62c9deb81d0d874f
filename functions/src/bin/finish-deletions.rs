use std::process::ExitCode;

fn main() -> ExitCode {
    api::jobs::deletions::serve()
}
