//! The functions' program, started as Lambda would start it, under conditions in which it cannot run.

use std::process::{Command, Stdio};

use api::functions::HANDLER;

use crate::local::Program;

/// Runs the function `name` with only `variables`; returns its exit code, output and errors.
fn run(name: &str, variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = Command::new(Program::FUNCTIONS.path());
    command.env_clear().env(HANDLER, name).envs(variables.iter().copied()).stdin(Stdio::null());
    let output = command.output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_function_without_its_table_ends_and_names_the_variable_once() {
    for name in ["list-pokemon", "get-pokemon", "sync-pokeapi"] {
        for variables in
            [&[][..], &[("CATALOG_TABLE", "")], &[("CATALOG_TABLE", " "), ("ENVIRONMENT", "prod")]]
        {
            let (code, out, err) = run(name, variables);
            assert!(code.is_some_and(|code| code != 0), "{name} ended with {code:?}");
            assert_eq!(err.matches("CATALOG_TABLE").count(), 1, "{name}: {err}");
            assert_eq!(err.lines().count(), 1, "{name}: {err}");
            assert_eq!(out, "", "{name}");
        }
    }
}

const TABLES: [(&str, &str); 4] =
    [("CATALOG_TABLE", "t"), ("APP_TABLE", "t"), ("EPHEMERAL_TABLE", "t"), ("AUDIT_TABLE", "t")];

#[test]
fn a_wrong_variable_is_named_once_too() {
    for (name, variable, value) in [
        ("list-pokemon", "ENVIRONMENT", "production"),
        ("list-pokemon", "CORS_ORIGINS", "*"),
        ("get-pokemon", "SPRITE_BASE_URL", "ftp://cdn.example"),
        ("sync-pokeapi", "SYNC_REQUESTS_PER_MINUTE", "many"),
        ("sync-pokeapi", "POKEAPI_BASE_URL", "pokeapi"),
    ] {
        let (code, out, err) = run(name, &[&TABLES[..], &[(variable, value)]].concat());
        assert!(code.is_some_and(|code| code != 0), "{name} ended with {code:?}");
        assert_eq!(err.matches(variable).count(), 1, "{name}: {err}");
        assert!(err.contains(value), "{name}: {err}");
        assert_eq!((err.lines().count(), out.as_str()), (1, ""), "{name}: {err}");
    }
}

#[test]
fn an_unknown_function_is_named() {
    let (code, out, err) = run("get-nothing", &TABLES);
    assert!(code.is_some_and(|code| code != 0), "it ended with {code:?}");
    assert!(err.contains("_HANDLER") && err.contains("get-nothing"), "{err}");
    assert_eq!((err.lines().count(), out.as_str()), (1, ""), "{err}");
}
