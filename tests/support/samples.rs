//! One typical request of each route.

/// By the route's name in the table.
const SAMPLES: [(&str, &str); 13] = [
    ("list-pokemon", "/api/v1/pokemon?type=water&search=o&sort=speed_desc"),
    ("list-types", "/api/v1/pokemon/types"),
    ("list-generations", "/api/v1/pokemon/generations"),
    ("get-pokemon", "/api/v1/pokemon/pikachu"),
    ("get-evolutions", "/api/v1/pokemon/eevee/evolutions"),
    ("get-type", "/api/v1/types/fire"),
    ("get-ability", "/api/v1/abilities/static"),
    ("get-move", "/api/v1/moves/thunder-shock"),
    ("get-health", "/api/v1/health"),
    ("get-readiness", "/api/v1/health/ready"),
    ("get-openapi", "/api/v1/openapi.json"),
    ("get-version", "/api/version"),
    ("answer-unknown", "/api/v1/missingno"),
];

/// A path that the route of this name answers.
///
/// # Panics
/// For a route that has no sample yet: give it a line.
#[must_use]
pub fn sample(route: &str) -> &'static str {
    let found = SAMPLES.iter().find(|(name, _)| *name == route);
    found.unwrap_or_else(|| panic!("tests/support/samples.rs has no line for the route {route}")).1
}

/// Samples of the routes whose answers may be cached.
#[must_use]
pub fn catalogue_samples() -> Vec<&'static str> {
    let passing = ["get-health", "get-readiness", "get-version", "answer-unknown"];
    SAMPLES.iter().filter(|(name, _)| !passing.contains(name)).map(|(_, path)| *path).collect()
}
