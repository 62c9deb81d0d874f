use std::process::ExitCode;

fn main() -> ExitCode {
    api::sync::serve()
}
