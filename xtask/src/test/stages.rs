//! The stages, in the order in which they run.

use std::process::Command;

use crate::cargo::{build_programs, cargo, status};
use crate::mutate;

use super::{
    components, contract, dependencies, deployment, hygiene, iam, load, readme, reproducible, scan, store,
};
use crate::finding::{Finding, Outcome, Report};
use crate::scorecard::sources;
use crate::suite;

pub struct Stage {
    pub name: &'static str,
    pub what: &'static str,
    pub run: fn(&Context<'_>) -> anyhow::Result<Finding>,
}

/// The surroundings of a stage.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The reports of the stages before it.
    pub earlier: &'a [Report],
    /// Whether to run the full counts, which take longer than CI has.
    pub full: bool,
}

impl Context<'_> {
    /// Whether `stage` has run before, and has passed.
    fn has_passed(&self, stage: &str) -> bool {
        let report = self.earlier.iter().find(|report| report.stage == stage);
        report.is_some_and(|report| matches!(report.finding.outcome, Outcome::Passed))
    }
}

pub const TESTS: &str = "tests";

/// Before this stage, the release build starts in the background with a low priority: the stages that need its program come much later.
pub const RELEASE_BUILD_STARTS: &str = store::DYNAMODB_LOCAL;

/// Before this stage, the rehearsal starts in a process of its own: it waits for the release build, and uses one core, as the stages before
/// its turn do.
pub const REHEARSAL_STARTS: &str = "client";
pub const REHEARSAL: &str = "rehearsal";

pub const STAGES: &[Stage] = &[
    Stage {
        name: "format",
        what: "the code is formatted",
        run: |_| plain(&mut cargo(["fmt", "--all", "--check"])),
    },
    Stage {
        name: "lint",
        what: "clippy reports no warning",
        run: |_| {
            let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
            plain(&mut cargo(arguments))
        },
    },
    Stage {
        name: "dependencies",
        what: "no package has a forbidden dependency",
        run: |_| dependencies::check(),
    },
    Stage {
        name: "build",
        what: "everything builds, also the programs that tests start",
        run: |_| plain(&mut build_programs()),
    },
    Stage {
        name: TESTS,
        what: "every test passes and none is ignored",
        run: |context| suite::whole(context.full, &sources::figures()),
    },
    Stage {
        name: store::EMBEDDED,
        what: "the store suite on the embedded engine",
        run: |context| store::embedded(context.has_passed(TESTS)),
    },
    Stage {
        name: store::DYNAMODB_LOCAL,
        what: "the same suite on DynamoDB Local, AWS's own engine",
        run: |context| store::dynamodb_local(context.earlier),
    },
    Stage {
        name: "load",
        what: "under mixed traffic at a fixed rate, answers are right, no change is lost and nothing grows",
        run: |context| load::check(context.full, &sources::load()),
    },
    Stage {
        name: "readme",
        what: "the commands of README.md and CONTRIBUTING.md work in a fresh clone",
        run: |_| readme::check(),
    },
    Stage {
        name: "mutate",
        what: "each drift test fails on the change that it must detect",
        run: |_| mutate::check(),
    },
    Stage {
        name: REHEARSAL_STARTS,
        what: "a generated TypeScript client compiles and calls the server",
        run: |_| contract::client(),
    },
    Stage {
        name: "edge",
        what: "the functions of CloudFront prepare requests and find pages",
        run: |_| contract::edge(),
    },
    Stage {
        name: "cache",
        what: "a caching proxy stores catalogue reads, and nothing private",
        run: |_| contract::cache(),
    },
    Stage {
        name: "schemathesis",
        what: "the server answers as openapi.json says",
        run: |_| contract::schemathesis(),
    },
    Stage {
        name: "files",
        what: "workflows are valid and safe, and nothing holds a secret",
        run: |_| hygiene::files_are_clean(),
    },
    Stage {
        name: "crates",
        what: "every crate's licence and source is allowed, none is there twice, and the list of components is valid",
        run: |_| hygiene::crates_are_allowed(),
    },
    Stage {
        name: "templates",
        what: "templates lint clean, before and after transformation",
        run: |_| deployment::templates(),
    },
    Stage {
        name: "scan",
        what: "a scanner finds no risk in the templates but those that are explained",
        run: |_| scan::templates(),
    },
    Stage {
        name: "iam-simulate",
        what: "each role allows its function's recorded accesses and refuses dangerous requests",
        run: |_| iam::simulate(),
    },
    Stage {
        name: "runtime",
        what: "every function answers behind AWS's Runtime Interface Emulator",
        run: |_| deployment::runtime(),
    },
    Stage {
        name: "cold-start",
        what: "the instruction counts of functions match the stored ones",
        run: |_| deployment::cold_start(),
    },
    Stage {
        name: "components",
        what: "the list of components has every crate that the program names",
        run: |_| components::check_program(),
    },
    Stage {
        name: "reproducible",
        what: "two folders give the same program",
        run: |context| reproducible::check(context.full),
    },
    Stage {
        name: REHEARSAL,
        what: "the stacks deploy to an AWS emulator and work",
        run: |context| deployment::rehearsal(context.full),
    },
    Stage {
        name: "watch",
        what: "cargo lambda watch serves every route, and invoke takes a sample event",
        run: |_| deployment::watch(),
    },
];

/// Runs a stage that is a single command: it passes if the command succeeds.
fn plain(command: &mut Command) -> anyhow::Result<Finding> {
    let status = status(command)?;
    let outcome =
        if status.success() { Outcome::Passed } else { Outcome::Failed(format!("ended with {status}")) };
    Ok(outcome.into())
}
