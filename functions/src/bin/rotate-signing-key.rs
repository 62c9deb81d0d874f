use std::process::ExitCode;

fn main() -> ExitCode {
    api::lambda::serve_rotation()
}
