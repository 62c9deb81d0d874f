//! Checks the templates as CloudFormation reads them, and the functions as Lambda starts them.

use std::collections::BTreeSet;
use std::env::consts::ARCH;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::build;
use crate::cargo::{answers, build_programs, cargo, root, target};
use crate::tools::{done, has_python, missing, python};

use super::ahead::Ahead;
use crate::finding::{Finding, Outcome};
use crate::suite;

/// The region of the stacks.
pub(super) const REGION: &str = "eu-central-1";

/// The templates of all stacks.
pub const TEMPLATES: [&str; 13] = [
    "infra/artifacts.yaml",
    "infra/dr.yaml",
    "infra/data.yaml",
    "infra/backup.yaml",
    "infra/release.yaml",
    "template.yaml",
    "infra/admin.yaml",
    "infra/jobs.yaml",
    "infra/edge-global.yaml",
    "infra/edge.yaml",
    "infra/edge-logs.yaml",
    "infra/watch-global.yaml",
    "infra/watch.yaml",
];

/// The templates of the account and of the rights of deployments, which a person deploys.
pub const OF_THE_ACCOUNT: [&str; 3] = ["infra/account.yaml", "infra/deployer.yaml", "infra/workflows.yaml"];

/// The line of a template that SAM transforms.
const SAM: &str = "\nTransform: AWS::Serverless-2016-10-31\n";

/// CloudFormation accepts 500 resources and 1 MB; a stack must be split before it reaches these limits.
const MOST_RESOURCES: usize = 400;
const MOST_BYTES: usize = 900 * 1024;

/// Checks that the templates pass the linter before and after the SAM transformation, stay within CloudFormation's limits, and are
/// readable by `sam local`.
pub fn templates() -> anyhow::Result<Finding> {
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    let programs = python("sam")?;
    let all = || TEMPLATES.into_iter().chain(OF_THE_ACCOUNT);
    // One run reads the rules once for all templates.
    let lint = |options: &[&str], templates: &[PathBuf]| {
        let mut lint = Command::new(programs.join("cfn-lint"));
        lint.args(["--regions", REGION]).args(options).arg("--").args(templates);
        done(lint.current_dir(root()))
    };
    lint(&[], &all().map(PathBuf::from).collect::<Vec<_>>())?;
    let mut transformed_by_sam = Vec::new();
    for template in all() {
        let plain = transformed(template)?;
        let resources = plain.value["Resources"].as_object().map_or(0, serde_json::Map::len);
        let size = plain.value.to_string().len();
        println!("{template}: {resources} resources, {size} bytes");
        ensure!(
            resources <= MOST_RESOURCES && size <= MOST_BYTES,
            "{template} must stay within {MOST_RESOURCES} resources and {MOST_BYTES} bytes"
        );
        if fs::read_to_string(root().join(template))?.contains(SAM) {
            let mut validate = Command::new(programs.join("sam"));
            validate.args(["validate", "--lint", "--region", REGION, "--template-file", template]);
            done(validate.current_dir(root()).env("SAM_CLI_TELEMETRY", "0"))?;
            check_versions(template, &plain.value)?;
            transformed_by_sam.push(plain.path);
        }
    }
    ensure!(!transformed_by_sam.is_empty(), "no template is transformed by SAM");
    // The transformation itself uses some parameters.
    lint(&["--ignore-checks", "W2001"], &transformed_by_sam)?;
    let mut local = Command::new(programs.join("python"));
    done(
        local.args(["tests/rehearsal/sam_local.py", "template.yaml", "infra/admin.yaml"]).current_dir(root()),
    )?;
    Ok(Outcome::Passed.into())
}

/// Checks that another release has another version of each function: CloudFormation publishes only a version with a new id.
fn check_versions(template: &str, first: &Value) -> anyhow::Result<()> {
    let versions = |template: &Value| -> BTreeSet<String> {
        let resources = template["Resources"].as_object().into_iter().flatten();
        let versions = resources.filter(|(_, resource)| resource["Type"] == "AWS::Lambda::Version");
        versions.map(|(id, _)| id.clone()).collect()
    };
    let second =
        transform(template, "second", |text| text.replace("RELEASE: development", "RELEASE: second"))?;
    let (first, second) = (versions(first), versions(&second.value));
    let same: Vec<_> = first.intersection(&second).collect();
    ensure!(
        same.is_empty() && first.len() == second.len(),
        "{template}: another release has the same versions {same:?}"
    );
    Ok(())
}

/// A template as CloudFormation receives it.
pub struct Transformed {
    pub value: Value,
    pub path: PathBuf,
}

/// Transforms `template` as the deployment does, with the defaults of its parameters.
pub fn transformed(template: &str) -> anyhow::Result<Transformed> {
    transform(template, "first", str::to_owned)
}

fn transform(template: &str, folder: &str, edit: impl Fn(&str) -> String) -> anyhow::Result<Transformed> {
    let path =
        target().join("tools/templates").join(folder).join(template.replace('/', "-")).with_extension("json");
    fs::create_dir_all(path.parent().context("a folder")?)?;
    let request = json!({"template": edit(&fs::read_to_string(root().join(template))?), "parameters": {}});
    let input = path.with_extension("request");
    fs::write(&input, request.to_string())?;
    let mut transform = Command::new(python("sam")?.join("python"));
    transform.arg("deploy/transform.py").arg(REGION).current_dir(root());
    let status = transform.stdin(fs::File::open(&input)?).stdout(fs::File::create(&path)?).status()?;
    ensure!(status.success(), "SAM's translator rejects {template}");
    Ok(Transformed { value: serde_json::from_slice(&fs::read(&path)?)?, path })
}

/// Runs every function behind AWS's Runtime Interface Emulator.
pub fn runtime() -> anyhow::Result<Finding> {
    if ARCH != "x86_64" {
        return Ok(missing("Runtime Interface Emulator for this processor").into());
    }
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    let emulator = emulator()?;
    let mut test = cargo(["test", "--workspace", "--test", "house", "--locked", "runtime::"]);
    suite::run(test.env("POKEDEX_RUNTIME_EMULATOR", emulator))
}

/// Returns the emulator, which is part of the SAM CLI's package.
fn emulator() -> anyhow::Result<PathBuf> {
    let programs = python("sam")?;
    let mut find = Command::new(programs.join("python"));
    let code = "import pathlib, samcli; print(pathlib.Path(samcli.__file__).parent / 'local/rapid/aws-lambda-rie-x86_64')";
    let output = find.args(["-c", code]).output()?;
    ensure!(output.status.success(), "the SAM CLI does not report its folder: {}", output.status);
    Ok(String::from_utf8(output.stdout)?.trim().into())
}

/// Starts the release build in the background, if this machine runs the stages that need it.
pub fn start_release_build() -> anyhow::Result<()> {
    if ARCH == "x86_64" && has_python() { build::start() } else { Ok(()) }
}

/// Starts the rehearsal in a process of its own, if this machine runs it. Its tools are installed before, because other stages use them.
pub fn start_rehearsal(stage: &'static str, full: bool) -> anyhow::Result<Option<Ahead>> {
    if ARCH != "x86_64" || !has_python() {
        return Ok(None);
    }
    for tools in ["sam", "ministack"] {
        python(tools)?;
    }
    Ahead::start(stage, full).map(Some)
}

/// Compares the instruction counts of functions, in the release build of their program, with `bench/instructions.json`.
pub fn cold_start() -> anyhow::Result<Finding> {
    if ARCH != "x86_64" {
        return Ok(missing("x86_64 processor: the stored counts are for x86_64").into());
    }
    if !answers("valgrind", "--version") {
        return Ok(missing("valgrind").into());
    }
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    let program = build::for_this_machine()?;
    done(&mut build_programs())?;
    let mut count = Command::new(target().join("debug/instructions"));
    done(count.arg(program).current_dir(root()))?;
    Ok(Outcome::Passed.into())
}

/// Deployments that are killed and completed by the next one: in CI, and in full.
const KILLS: [usize; 2] = [1, 10];

/// Rehearses releases: the program that deploys on AWS deploys to an emulator.
pub fn rehearsal(full: bool) -> anyhow::Result<Finding> {
    if ARCH != "x86_64" {
        return Ok(missing("x86_64 processor: the rehearsal's program is for that").into());
    }
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    let (python, ministack) = (python("sam")?.join("python"), python("ministack")?.join("ministack"));
    let mut front = Command::new(&python);
    done(front.arg("tests/rehearsal/front/front_test.py").arg(&ministack).current_dir(root()))?;
    let program = build::for_this_machine()?;
    done(&mut build_programs())?;
    let kills = KILLS[usize::from(full)].to_string();
    println!("{kills} deployments are killed; {} with --full", KILLS[1]);
    let mut rehearse = Command::new(&python);
    rehearse.arg("tests/rehearsal/rehearse.py").arg(ministack).current_dir(root());
    rehearse.args([target().join("debug/local"), target().join("debug/deploy"), program]);
    done(rehearse.args(["--kills", &kills]))?;
    Ok(Outcome::Passed.into())
}

/// Tests the development loop: cargo-lambda's own server with its own client.
pub fn watch() -> anyhow::Result<Finding> {
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    done(&mut build_programs())?;
    let mut test = cargo(["test", "--workspace", "--test", "house", "--locked", "watch::"]);
    suite::run(test.env("POKEDEX_CARGO_LAMBDA", python("sam")?))
}
