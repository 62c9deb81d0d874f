use std::process::ExitCode;

fn main() -> ExitCode {
    api::lambda::serve(&api::routes::UPDATE_POKEMON)
}
