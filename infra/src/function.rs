//! The functions: one per route, and one per scheduled job.

use api::{
    config::variable_of,
    jobs::{JOBS, Job},
    routes::SPECS,
};
use door::route::{Need, Spec};
use serde_json::{Map, Value, json};

/// The bucket of exports. Its name is generated, because names of buckets are global.
pub const EXPORTS_BUCKET: &str = "pokedex-${Environment}-exports-${AWS::AccountId}-${AWS::Region}";

/// The bucket of mirrored files, named as the one of exports.
pub const ASSETS_BUCKET: &str = "pokedex-${Environment}-assets-${AWS::AccountId}-${AWS::Region}";

/// The condition under which somebody is notified.
pub(crate) const IS_STABLE: &str = "IsStable";
/// The topic for notices of infra/data.yaml.
pub(crate) const NOTICES: &str =
    "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:pokedex-${Environment}-notices";

/// The secret with the credentials of the account that the probe uses.
pub const PROBE_SECRET: &str = "pokedex-${Environment}-probe";

/// The alias of the function that routes with [`Need::Writer`] invoke.
pub(crate) const WRITER: &str = "pokedex-${Environment}-sync-pokeapi:live";

/// Half of the usual memory, in MB, for functions that read no catalogue.
const LITTLE_MEMORY: u32 = 256;
/// The memory, in MB, that comes with a whole processor.
const WHOLE_PROCESSOR: u32 = 1769;
/// The timeout of the HTTP API in seconds. Routes that wait for the writer have the same timeout.
const LONGEST_REQUEST: u32 = 30;

/// A function with all columns of its table.
#[derive(Clone, Debug)]
pub struct Function {
    /// The name, verb-noun: `get-pokemon`.
    pub name: &'static str,
    /// The stack that contains the function.
    pub stack: &'static str,
    pub description: &'static str,
    pub(crate) trigger: Trigger,
    pub(crate) needs: &'static [Need],
    /// The memory in MB; `None` for the default.
    pub(crate) memory: Option<u32>,
    /// The timeout in seconds; `None` for the default.
    pub(crate) timeout: Option<u32>,
    /// The variables that only this function has, with their values.
    pub(crate) variables: Map<String, Value>,
}

/// The events that invoke a function.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trigger {
    Request(&'static Spec),
    Job(&'static Job),
}

/// Returns every function: those of the routes in the table's order, then the jobs.
#[must_use]
pub fn functions() -> Vec<Function> {
    SPECS.iter().map(of_route).chain(JOBS.iter().map(of_job)).collect()
}

fn of_route(spec: &'static Spec) -> Function {
    Function {
        name: spec.name,
        stack: spec.stack,
        description: spec.summary,
        trigger: Trigger::Request(spec),
        needs: spec.needs,
        memory: memory(spec.needs),
        timeout: spec.needs(Need::Writer).then_some(LONGEST_REQUEST),
        variables: variables(spec.needs),
    }
}

fn of_job(job: &'static Job) -> Function {
    let mut variables = variables(job.needs);
    for name in job.variables {
        variables.insert((*name).to_owned(), json!({"Ref": parameter(name)}));
    }
    Function {
        name: job.name,
        stack: job.stack,
        description: job.summary,
        trigger: Trigger::Job(job),
        needs: job.needs,
        memory: memory(job.needs),
        timeout: job.timeout,
        variables,
    }
}

fn memory(needs: &[Need]) -> Option<u32> {
    let of = |need: &Need| match need {
        Need::LittleMemory => Some(LITTLE_MEMORY),
        Need::WholeProcessor => Some(WHOLE_PROCESSOR),
        _ => None,
    };
    needs.iter().find_map(of)
}

fn variables(needs: &[Need]) -> Map<String, Value> {
    let one = |need: &Need| {
        let value = match need {
            Need::SigningKeys => json!({"Ref": "SigningKeysName"}),
            Need::Writer => json!({"Fn::Sub": WRITER}),
            Need::Exports | Need::ExportDeletion => json!({"Fn::Sub": EXPORTS_BUCKET}),
            Need::AssetStorage | Need::AssetDeletion => json!({"Fn::Sub": ASSETS_BUCKET}),
            Need::Verification => json!({"Ref": "OriginVerifyName"}),
            Need::Notices => json!({"Fn::If": [IS_STABLE, {"Fn::Sub": NOTICES}, ""]}),
            Need::ProbeAccount => json!({"Fn::Sub": PROBE_SECRET}),
            Need::Invalidation | Need::LittleMemory | Need::WholeProcessor => return None,
        };
        Some((variable_of(*need)?.to_owned(), value))
    };
    needs.iter().filter_map(one).collect()
}

/// Returns the parameter of the template that a variable comes from: `PokeapiBaseUrl` for `POKEAPI_BASE_URL`.
fn parameter(variable: &str) -> String {
    logical_id(&variable.to_lowercase().replace('_', "-"))
}

/// Returns the spelling of a name in templates: `GetPokemon` for `get-pokemon`.
#[must_use]
pub fn logical_id(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    name.split('-').map(capital).collect()
}

impl Function {
    /// Returns the start of the logical ids of the function, its role and its log group.
    pub(crate) fn id(&self) -> String {
        logical_id(self.name)
    }

    pub(crate) fn has(&self, need: Need) -> bool {
        self.needs.contains(&need)
    }
}
