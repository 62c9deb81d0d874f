//! The workflows at GitHub: which code runs with credentials, in which environment, and in which order.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{read, root, template};

const FOLDER: &str = ".github/workflows";

/// A job with the names of its workflow and of itself.
struct Job {
    name: String,
    job: Value,
}

impl Job {
    fn text(&self, name: &str) -> &str {
        self.job[name].as_str().unwrap_or_default()
    }

    /// The name of the environment at GitHub; empty if the job has none.
    fn environment(&self) -> &str {
        self.job["environment"].as_str().or(self.job["environment"]["name"].as_str()).unwrap_or_default()
    }

    fn has_identity(&self) -> bool {
        self.job["permissions"]["id-token"] == "write"
    }

    /// Whether it signs statements about programs. No role of AWS accepts the identity of such a job: each role names an environment.
    fn attests(&self) -> bool {
        self.job["permissions"]["attestations"] == "write"
    }

    fn steps(&self) -> impl Iterator<Item = &Value> {
        self.job["steps"].as_array().into_iter().flatten()
    }

    fn commands(&self) -> String {
        self.steps().filter_map(|step| step["run"].as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The actions that it uses, without their commits.
    fn actions(&self) -> Vec<&str> {
        let used = self.steps().filter_map(|step| step["uses"].as_str());
        used.map(|action| action.split('@').next().unwrap_or_default()).collect()
    }
}

fn files() -> BTreeSet<String> {
    let files = std::fs::read_dir(root().join(FOLDER)).expect("a folder");
    files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8")).collect()
}

fn jobs(file: &str) -> Vec<Job> {
    let workflow = template(&format!("{FOLDER}/{file}"));
    let jobs = workflow["jobs"].as_object().expect("jobs");
    jobs.iter().map(|(id, job)| Job { name: format!("{file}: {id}"), job: job.clone() }).collect()
}

fn all_jobs() -> Vec<Job> {
    files().iter().flat_map(|file| jobs(file)).collect()
}

fn job(file: &str, id: &str) -> Job {
    let name = format!("{file}: {id}");
    jobs(file).into_iter().find(|job| job.name == name).unwrap_or_else(|| panic!("no job {name}"))
}

/// The identity of a job is bound to its environment: a job without one could use no role, or that of another. A job that attests has an
/// identity for the signature alone.
#[test]
fn every_job_with_an_identity_has_an_environment() {
    let mut environments = BTreeSet::new();
    for job in all_jobs() {
        assert_eq!(job.has_identity() && !job.attests(), !job.environment().is_empty(), "{}", job.name);
        environments.extend(Some(job.environment().to_owned()).filter(|name| !name.is_empty()));
        if !job.text("uses").is_empty() {
            continue;
        }
        assert!(job.job["timeout-minutes"].is_number(), "{} has no time limit", job.name);
        let permissions = job.job["permissions"].as_object().expect("permissions");
        let allowed = ["actions", "contents", "id-token", "attestations", "security-events"];
        assert!(permissions.keys().all(|name| allowed.contains(&name.as_str())), "{}", job.name);
        assert!(permissions.get("contents").is_none_or(|access| access == "read"), "{}", job.name);
        assert!(permissions.get("actions").is_none_or(|right| right == "read"), "{}", job.name);
    }
    let expected = [
        "${{ inputs.environment }}-operations",
        "${{ matrix.environment }}-operations",
        "feature",
        "prod",
        "prod-operations",
        "staging",
    ];
    assert_eq!(environments, expected.map(str::to_owned).into());
}

/// Code that a job builds or tests could otherwise read the identity.
#[test]
fn a_job_with_an_identity_builds_nothing_of_the_product() {
    for job in all_jobs().into_iter().filter(Job::has_identity) {
        let commands = job.commands();
        for build in ["cargo xtask build", "cargo xtask test", "cargo xtask rehearse"] {
            assert!(!commands.contains(build), "{} runs {build}", job.name);
        }
    }
}

/// A statement is worth as much as the job that signs it, and a page of findings as much as the job that writes it.
#[test]
fn a_job_that_signs_or_stores_findings_runs_only_actions_of_github() {
    let writes = |job: &Job| job.attests() || job.job["permissions"]["security-events"] == "write";
    let mut found = Vec::new();
    for job in all_jobs().into_iter().filter(writes) {
        assert_eq!(job.commands(), "", "{} runs a command", job.name);
        let is_of_github = |action: &&str| action.starts_with("actions/") || action.starts_with("github/");
        assert!(job.actions().iter().all(is_of_github), "{}: {:?}", job.name, job.actions());
        found.push(job.name);
    }
    assert_eq!(found, ["audit.yml: code-scanning", "deploy.yml: attest"]);
}

#[test]
fn the_program_of_a_release_is_attested_and_prod_verifies_it() {
    let (build, attest, prod) =
        (job("deploy.yml", "build"), job("deploy.yml", "attest"), job("deploy.yml", "prod"));
    assert!(attest.has_identity() && attest.attests() && attest.text("needs") == "build");
    let of = |job: &Job, action: &str| -> Vec<Value> {
        let uses = |step: &&Value| step["uses"].as_str().is_some_and(|used| used.starts_with(action));
        job.steps().filter(uses).map(|step| step["with"].clone()).collect()
    };
    let (program, list) = ("target/lambda/functions/bootstrap", "target/sbom/functions.cdx.json");
    let stored: Vec<_> =
        of(&build, "actions/upload-artifact@").iter().map(|with| with["path"].clone()).collect();
    assert_eq!(stored, [program, list]);
    assert!(build.commands().contains(&format!("cargo xtask sbom --program {program}")));
    let expected = [json!({"subject-path": program}), json!({"subject-path": program, "sbom-path": list})];
    assert_eq!(of(&attest, "actions/attest@"), expected);
    assert_eq!(prod.job["permissions"]["attestations"], "read");
    assert!(prod.commands().contains("--attested \"$GITHUB_REPOSITORY\""));
}

#[test]
fn advisories_are_asked_for_weekly_and_before_a_dependency_changes() {
    let triggers = template(&format!("{FOLDER}/audit.yml"))["on"].clone();
    let times = triggers["schedule"][0]["cron"].as_str().expect("a time").split(' ').collect::<Vec<_>>();
    assert_eq!((times.len(), times[2], times[3]), (5, "*", "*"), "every week");
    assert!(times[4].parse::<u8>().is_ok_and(|day| day < 7), "a day of the week");
    let expected = ["**/Cargo.lock", "**/package-lock.json", "deny.toml", "tests/tools/*", ".github/**"];
    assert_eq!(triggers["pull_request"]["paths"], json!(expected));
    let audit = job("audit.yml", "advisories");
    assert!(audit.commands().contains("cargo xtask audit ") && audit.text("if").is_empty());
    assert!(job("audit.yml", "dynamic").commands().contains("cargo xtask dast"));
}

/// With a weekly run, an environment could live for almost twice as long as its settings say.
#[test]
fn environments_of_branches_that_have_expired_are_deleted_each_day() {
    let workflow = template(&format!("{FOLDER}/prune.yml"));
    let time = workflow["on"]["schedule"][0]["cron"].as_str().expect("a time");
    assert!(time.split(' ').count() == 5 && time.ends_with(" * * *"), "{time}");
    let reap = job("prune.yml", "environments");
    assert_eq!(reap.environment(), "feature");
    assert!(reap.commands().contains("cargo xtask env reap"));
}

#[test]
fn the_bill_is_compared_with_the_model_each_month() {
    let workflow = template(&format!("{FOLDER}/costs.yml"));
    let time = workflow["on"]["schedule"][0]["cron"].as_str().expect("a time");
    let day: u8 = time.split(' ').nth(2).expect("a day").parse().expect("a day of the month");
    assert!((3..=28).contains(&day) && time.ends_with(" * *"), "{time}");
    let report = job("costs.yml", "report");
    assert_eq!(report.environment(), "prod-operations", "whose role may read the bill");
    let commands = report.commands();
    assert!(commands.contains("aws ce get-cost-and-usage") && commands.contains("Type=TAG,Key=env"));
    assert!(commands.contains("cargo xtask cost --bill target/bill.json"));
}

#[test]
fn a_fork_never_runs_with_credentials() {
    for file in files() {
        let workflow = template(&format!("{FOLDER}/{file}"));
        let triggers = &workflow["on"];
        assert!(
            triggers.get("pull_request_target").is_none() && triggers.get("workflow_run").is_none(),
            "{file}"
        );
        let is_for_pull_requests = triggers.get("pull_request").is_some();
        let has_identity = jobs(&file).iter().any(Job::has_identity);
        assert_eq!(is_for_pull_requests && has_identity, file == "preview.yml", "{file}");
    }
    for job in jobs("preview.yml") {
        let own = "github.event.pull_request.head.repo.full_name == github.repository";
        let follows = job.text("needs") == "build";
        assert!(job.text("if").contains(own) || follows, "{}", job.name);
    }
}

#[test]
fn a_release_is_tested_and_built_once_and_reaches_prod_through_staging() {
    let needs = |id: &str| match &job("deploy.yml", id).job["needs"] {
        Value::Array(jobs) => jobs.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>(),
    };
    assert_eq!(job("deploy.yml", "test").text("uses"), "$/.github/workflows/ci.yml");
    assert_eq!(needs("staging"), ["test", "build"]);
    assert_eq!(needs("prod"), ["staging", "attest"]);
    assert_eq!(needs("rollback"), ["prod"]);
    let builds = jobs("deploy.yml").iter().filter(|job| job.commands().contains("cargo xtask build")).count();
    assert_eq!(builds, 1);
    assert!(job("deploy.yml", "staging").commands().contains("cargo xtask deploy staging"));
    let prod = job("deploy.yml", "prod");
    assert!(prod.commands().contains("cargo xtask promote staging prod --release"));
    assert_eq!(prod.environment(), "prod", "which has reviewers");
    assert!(job("deploy.yml", "rollback").commands().contains("cargo xtask rollback prod --if-failed"));
    for id in ["staging", "prod"] {
        let concurrency = &job("deploy.yml", id).job["concurrency"];
        assert_eq!(concurrency["group"], format!("environment-{id}"));
        assert_eq!(concurrency["cancel-in-progress"], false);
    }
}

/// A deployment by a workflow does the same as one by hand.
#[test]
fn workflows_call_only_commands_that_exist() {
    let known = read("xtask/src/main.rs");
    let mut called = BTreeSet::new();
    for job in all_jobs() {
        for rest in job.commands().split("cargo xtask ").skip(1) {
            let name: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
            let variant = format!("    {}{}(", name[..1].to_uppercase(), &name[1..]);
            let unit = format!("    {}{},", name[..1].to_uppercase(), &name[1..]);
            assert!(known.contains(&variant) || known.contains(&unit), "{} calls {name}", job.name);
            called.insert(name);
        }
    }
    for name in [
        "audit",
        "build",
        "cost",
        "dast",
        "deploy",
        "drift",
        "drill",
        "env",
        "migrate",
        "promote",
        "prune",
        "rollback",
        "sbom",
        "scorecard",
        "test",
    ] {
        assert!(called.contains(name), "no workflow calls {name}");
    }
}

#[test]
fn every_action_is_pinned_by_its_commit_and_of_github() {
    for file in files() {
        for line in read(&format!("{FOLDER}/{file}")).lines() {
            let Some((_, action)) = line.split_once("uses: ") else { continue };
            let pin = action.split_once('@').map(|(_, pin)| pin.split(' ').next().unwrap_or_default());
            let is_pinned =
                pin.is_some_and(|pin| pin.len() == 40 && pin.bytes().all(|b| b.is_ascii_hexdigit()));
            let is_ours = action.starts_with("$/");
            assert!(is_pinned || is_ours, "{file}: {action}");
            let is_of_github = ["actions/", "github/"].iter().any(|owner| action.starts_with(owner));
            assert!(is_of_github || is_ours, "{file}: {action} is of neither GitHub nor this repository");
        }
    }
}
