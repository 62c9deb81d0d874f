use std::process::ExitCode;

fn main() -> ExitCode {
    api::lambda::serve(&api::routes::HIDE_POKEMON)
}
