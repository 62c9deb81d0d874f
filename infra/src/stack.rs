//! The stacks of functions: each is a template, deployed in this order.

use crate::function::Function;

/// The way in which new versions of functions receive traffic after their verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    InSteps,
    AtOnce,
}

/// A stack of functions.
#[derive(Clone, Copy, Debug)]
pub struct Stack {
    /// The name, as in the table of routes.
    pub name: &'static str,
    /// The path of the template, relative to the repository's root.
    pub template: &'static str,
    pub(crate) description: &'static str,
    /// The way in which new versions receive traffic; `None` for a stack whose aliases move at once, without a deployment.
    traffic: Option<Traffic>,
}

/// The stack that also has the HTTP API. Its template has parts that are written by hand; the other templates are generated.
pub const MAIN: Stack =
    Stack { name: "functions", template: "template.yaml", description: "", traffic: Some(Traffic::InSteps) };

/// The stack of the scheduled jobs.
pub const JOBS: Stack = Stack {
    name: "jobs",
    template: "infra/jobs.yaml",
    description: "Pokédex, the scheduled jobs. They are deployed last, because they write what the routes read.",
    traffic: Some(Traffic::AtOnce),
};

/// Every stack of functions, in the order of their deployment. deploy/stacks.toml also has the stacks without functions.
pub const STACKS: [Stack; 4] = [
    Stack {
        name: "release",
        template: "infra/release.yaml",
        description: "Pokédex, the verification of new versions and the role of their deployments.",
        traffic: None,
    },
    MAIN,
    Stack {
        name: "admin",
        template: "infra/admin.yaml",
        description: "Pokédex, the routes that only administrators use. They belong to the HTTP API of template.yaml.",
        traffic: Some(Traffic::AtOnce),
    },
    JOBS,
];

impl Stack {
    pub(crate) fn is_main(self) -> bool {
        self.name == MAIN.name
    }

    /// Returns the functions of the stack among `all`.
    pub(crate) fn functions(self, all: &[Function]) -> Vec<&Function> {
        all.iter().filter(|function| function.stack == self.name).collect()
    }

    pub(crate) const fn traffic(self) -> Option<Traffic> {
        self.traffic
    }

    /// Returns the reference to the id of the HTTP API.
    pub(crate) fn api(self) -> &'static str {
        if self.is_main() { "HttpApi" } else { API_ID }
    }
}

/// The parameter with the id of the HTTP API, an output of the stack that has it.
pub(crate) const API_ID: &str = "HttpApiId";
