//! One typical request per route: its sample event.

use std::{collections::BTreeMap, sync::LazyLock};

use api::{
    Route,
    routes::{SPECS, all},
};
use door::route::{Access, Spec, methods_at};
use http::Method;
use serde_json::Value;

use crate::files::read;

/// The event in `events/<route>.json`.
///
/// # Panics
/// If the route has no sample event.
#[must_use]
pub fn sample_event(route: &str) -> Value {
    serde_json::from_str(&read(&format!("events/{route}.json"))).expect("an event is JSON")
}

/// A path and query that the route of this name answers: that of its event.
///
/// # Panics
/// If the table has no such route.
#[must_use]
pub fn sample(route: &str) -> &'static str {
    static PATHS: LazyLock<BTreeMap<&str, String>> =
        LazyLock::new(|| SPECS.iter().map(|spec| (spec.name, path(&sample_event(spec.name)))).collect());
    &PATHS[route]
}

fn path(event: &Value) -> String {
    let part = |name: &str| event[name].as_str().expect("text");
    match part("rawQueryString") {
        "" => part("rawPath").to_owned(),
        query => format!("{}?{query}", part("rawPath")),
    }
}

/// Routes whose responses depend on the moment or the request, so that two responses always differ.
pub const OF_THE_MOMENT: [&str; 2] = ["answer-unknown", "get-readiness"];

/// Whether all clients may call it: it requires no token and changes nothing.
#[must_use]
pub fn is_for_everybody(spec: &Spec) -> bool {
    spec.access == Access::Public && spec.method == Method::GET
}

/// The routes that all clients may call.
#[must_use]
pub fn for_everybody() -> Vec<Route> {
    all().into_iter().filter(|route| is_for_everybody(&route.spec)).collect()
}

/// The `Allow` header of a path, without its query.
#[must_use]
pub fn allowed_at(path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    let mut methods = methods_at(SPECS, path);
    methods.push("OPTIONS");
    methods.sort_unstable();
    methods.join(", ")
}

/// Samples of the routes whose responses may be cached.
#[must_use]
pub fn catalogue_samples() -> Vec<&'static str> {
    let passing = ["get-health", "get-readiness", "get-version", "get-jwks", "answer-unknown"];
    let read = SPECS.iter().filter(|spec| is_for_everybody(spec)).map(|spec| spec.name);
    read.filter(|name| !passing.contains(name)).map(sample).collect()
}
