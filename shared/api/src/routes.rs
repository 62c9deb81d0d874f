//! THE TABLE: every route of the product, one line each. A line is a `const` of its own, so that a function's
//! binary links the one handler that it names.

use std::{future::Future, pin::Pin};

use http::Method;

use crate::{
    App, Request, Response, abilities, app::prepare, evolutions, health, meta, moves, pokemon,
    problem::Problem, types, unknown,
};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Public,
}

/// A route's line, without its handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Verb-noun; also the binary, the sample event and the operation id.
    pub name: &'static str,
    pub method: Method,
    /// As API Gateway writes it: `/api/v1/pokemon/{id}`; `$default` for whatever no other route takes.
    pub path: &'static str,
    pub access: Access,
    /// For the documentation.
    pub summary: &'static str,
}

type Preparation<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send + 'a>>;

/// A route and what answers it.
#[derive(Clone, Debug)]
pub struct Route {
    pub spec: Spec,
    /// What a function does before its first request. It never fails: who answers requests makes up for it.
    pub prepare: for<'a> fn(&'a App) -> Preparation<'a>,
    pub handler: for<'a> fn(&'a App, &'a Request) -> Answer<'a>,
}

/// The path of the route that takes what no other does.
pub const DEFAULT: &str = "$default";

macro_rules! table {
    ($($constant:ident $name:literal $method:ident $path:literal $access:ident $prepare:ident $handler:path, $summary:literal;)*) => {
        $(
            #[doc = $summary]
            pub const $constant: Route = Route {
                spec: Spec {
                    name: $name,
                    method: Method::$method,
                    path: $path,
                    access: Access::$access,
                    summary: $summary,
                },
                prepare: |app| Box::pin(prepare::$prepare(app)),
                handler: |app, request| Box::pin($handler(app, request)),
            };
        )*

        /// Every route. Only the local gateway and tests name this: it links every handler.
        #[must_use]
        pub fn all() -> Vec<Route> {
            vec![$($constant),*]
        }

        /// Every route's line, without handlers.
        pub static SPECS: &[Spec] = &[$($constant.spec),*];
    };
}

table! {
    LIST_POKEMON "list-pokemon" GET "/api/v1/pokemon" Public dex pokemon::list, "List, search, filter and sort Pokémon";
    LIST_TYPES "list-types" GET "/api/v1/pokemon/types" Public dex types::list, "List the types that Pokémon have";
    LIST_GENERATIONS "list-generations" GET "/api/v1/pokemon/generations" Public dex pokemon::generations, "List the generations";
    GET_POKEMON "get-pokemon" GET "/api/v1/pokemon/{id}" Public store pokemon::get, "Get a Pokémon by id, name or species";
    GET_EVOLUTIONS "get-evolutions" GET "/api/v1/pokemon/{id}/evolutions" Public store evolutions::get, "Get the evolution tree that a Pokémon stands in";
    GET_TYPE "get-type" GET "/api/v1/types/{name}" Public store types::get, "Get a type";
    GET_ABILITY "get-ability" GET "/api/v1/abilities/{name}" Public store abilities::get, "Get an ability";
    GET_MOVE "get-move" GET "/api/v1/moves/{name}" Public store moves::get, "Get a move";
    GET_HEALTH "get-health" GET "/api/v1/health" Public nothing health::alive, "Tell whether the function runs";
    GET_READINESS "get-readiness" GET "/api/v1/health/ready" Public store health::ready, "Tell whether what the API needs answers";
    GET_OPENAPI "get-openapi" GET "/api/v1/openapi.json" Public nothing meta::openapi, "Get this description";
    GET_VERSION "get-version" GET "/api/version" Public nothing meta::version, "Get the version";
    ANSWER_UNKNOWN "answer-unknown" GET "$default" Public nothing unknown::answer, "Answer what no other route takes";
}

impl Spec {
    /// Whether `path` (decoded) is one of this route's.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        if self.path == DEFAULT {
            return false;
        }
        let (mut own, mut given) = (self.path.split('/'), path.split('/'));
        loop {
            match (own.next(), given.next()) {
                (None, None) => return true,
                (Some(own), Some(given)) if own == given => {}
                (Some(own), Some(given)) if own.starts_with('{') && !given.is_empty() => {}
                _ => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_its_template_and_no_other() {
        let spec = GET_EVOLUTIONS.spec;
        assert!(spec.matches("/api/v1/pokemon/25/evolutions"));
        for path in [
            "/api/v1/pokemon//evolutions",
            "/api/v1/pokemon/25/evolutions/",
            "/api/v1/pokemon/25",
            "$default",
        ] {
            assert!(!spec.matches(path), "{path}");
        }
        assert!(!ANSWER_UNKNOWN.spec.matches("$default"));
    }
}
