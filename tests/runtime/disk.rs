//! Functions that cannot write to a file.

use serde_json::Value;
use tempfile::NamedTempFile;
use tests::{SampleUsers, SeededEngine, sample_event};

use super::{emulated::Function, reading, serving};

/// Lambda gives a function a disk for temporary files. None of these uses it: a limit of zero bytes would end the process.
#[tokio::test]
async fn a_function_writes_to_no_file() {
    for name in ["list-pokemon", "get-pokemon", "get-readiness"] {
        let variables = reading(local::tables::CATALOG, &SeededEngine::get().url);
        let Some(function) = Function::start_without_disk(name, &variables).await else { return };
        for _ in 0..2 {
            let answer = function.invoke(&sample_event(name)).await;
            assert!(answer["statusCode"].is_number(), "{name}: {answer}");
        }
    }
    // A program that writes to a file does end under this limit.
    let (users, keys) = (SampleUsers::new().await, NamedTempFile::new().expect("a file"));
    let script = format!("echo x > {}", keys.path().display());
    let ended = std::process::Command::new("prlimit").args(["--fsize=0", "sh", "-c", &script]).output();
    assert!(!ended.expect("prlimit starts").status.success());
    std::fs::write(keys.path(), tests::ring().to_json().expect("JSON")).expect("the keys are written");
    for name in ["login-user", "add-favorite", "list-favorites"] {
        let mut variables = serving(&users.tables, &users.url);
        variables.retain(|(name, _)| *name != "ENVIRONMENT");
        variables.push(("ENVIRONMENT", "local".to_owned()));
        variables.push(("SIGNING_KEYS", format!("file:{}", keys.path().display())));
        let function = Function::start_without_disk(name, &variables).await.expect("the emulator is there");
        let answer = function.invoke(&users.fill(&sample_event(name))).await;
        assert!([200, 201].map(Value::from).contains(&answer["statusCode"]), "{name}: {answer}");
    }
}
