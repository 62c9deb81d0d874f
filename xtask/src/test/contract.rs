//! Checks the API against its description, with a client generated from the description and with requests derived from
//! it.

use std::fs;
use std::process::Command;

use crate::cargo::{answers, root, target};
use crate::tools::{Server, done, has_python, missing, python};

use crate::finding::{Finding, Outcome};

/// Checks that a TypeScript client of openapi.json compiles in strict mode and calls the server.
pub fn client() -> anyhow::Result<Finding> {
    if !answers("npm", "--version") {
        return Ok(missing("npm").into());
    }
    let place = root().join("tests/client");
    let mut npm = Command::new("npm");
    done(npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&place))?;
    let server = Server::start(&[])?;
    let mut check = Command::new("npm");
    check.args(["run", "--silent", "check"]).current_dir(&place).env("POKEDEX_URL", &server.url);
    done(&mut check)?;
    Ok(Outcome::Passed.into())
}

/// Runs the functions of CloudFront with the cases that the local server passes as well, and the numbers of its dashboard.
pub fn edge() -> anyhow::Result<Finding> {
    if !answers("node", "--version") {
        return Ok(missing("node").into());
    }
    let tests = ["tests/edge/edge.test.mjs", "tests/local/dashboard.test.mjs"];
    done(Command::new("node").arg("--test").args(tests).current_dir(root()))?;
    Ok(Outcome::Passed.into())
}

/// Replays visits through a caching proxy in front of the product.
pub fn cache() -> anyhow::Result<Finding> {
    if !answers("node", "--version") {
        return Ok(missing("node").into());
    }
    // Debian has it where only root looks for programs.
    let Some(nginx) = ["nginx", "/usr/sbin/nginx"].into_iter().find(|nginx| answers(nginx, "-v")) else {
        return Ok(missing("nginx").into());
    };
    let mut tests = Command::new("node");
    tests.args(["--test", "tests/edge/cache.test.mjs"]).current_dir(root());
    done(tests.env("POKEDEX", target().join("debug/local")).env("NGINX", nginx))?;
    Ok(Outcome::Passed.into())
}

/// The highest limits that are allowed. Without any limits, the described headers would be missing.
const OFTEN: &str = "register=3600/1,login=3600/1,account=3600/1,refresh=3600/1,password=3600/1,write=3600/1,bulk=3600/1,\
                     logout=3600/1,failure=3600/1";

/// Checks that no answer has a 5xx or an undescribed status, and that every answer matches its description, with a
/// bounded number of requests that schemathesis derives from openapi.json, the same in each run.
pub fn schemathesis() -> anyhow::Result<Finding> {
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    let programs = python("schemathesis")?;
    let server = Server::start(&["--rate-limits", OFTEN])?;
    // schemathesis writes into its working directory.
    let place = target().join("tools/schemathesis-run");
    fs::create_dir_all(&place)?;
    let mut run = Command::new(programs.join("schemathesis"));
    run.arg("--config-file").arg(root().join("tests/tools/schemathesis.toml")).arg("run");
    run.arg(root().join("shared/api/openapi.json")).args(["--url", &server.url, "--no-color"]);
    done(run.current_dir(place))?;
    Ok(Outcome::Passed.into())
}
