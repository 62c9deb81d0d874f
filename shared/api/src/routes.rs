//! THE TABLE: every route of the product, one line each. A line is a `const` of its own, so that a function's
//! binary links the one handler that it names.

use std::{future::Future, pin::Pin};

use http::Method;

use crate::{
    App, Request, Response, abilities, admin, app::prepare, auth, entry, evolutions, health, limits::Limit,
    meta, moves, pokemon, problem::Problem, types, unknown, users,
};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody; a token that is shown must be good all the same.
    Public,
    /// Who has a refresh token, which may stand in the place of an access token.
    Refresh,
    /// Who has signed in.
    User,
    /// Who is an administrator at this very moment.
    Admin,
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
    /// How often it may be asked for.
    pub limit: Option<Limit>,
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
    /// Who is let in, and how.
    pub enter: for<'a> fn(&'a App, &'a Route, &'a mut Request) -> Answer<'a>,
    pub handler: for<'a> fn(&'a App, &'a Request) -> Answer<'a>,
}

/// The path of the route that takes what no other does.
pub const DEFAULT: &str = "$default";

macro_rules! table {
    (@enter Public) => { entry::open };
    (@enter Public $limit:ident) => { entry::limited };
    (@enter Refresh $limit:ident) => { entry::limited };
    (@enter $private:ident $($limit:ident)?) => { entry::private };
    (@limit) => { None };
    (@limit $limit:ident) => { Some(Limit::$limit) };
    ($($constant:ident $name:literal $method:ident $path:literal $access:ident $(/ $limit:ident)? $prepare:ident $handler:path, $summary:literal;)*) => {
        $(
            #[doc = $summary]
            pub const $constant: Route = Route {
                spec: Spec {
                    name: $name,
                    method: Method::$method,
                    path: $path,
                    access: Access::$access,
                    limit: table!(@limit $($limit)?),
                    summary: $summary,
                },
                prepare: |app| Box::pin(prepare::$prepare(app)),
                enter: |app, route, request| Box::pin(table!(@enter $access $($limit)?)(app, route, request)),
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
    GET_POKEMON "get-pokemon" GET "/api/v1/pokemon/{id}" Public store pokemon::get, "Get a Pokémon by id or name";
    FETCH_POKEMON "fetch-pokemon" POST "/api/v1/pokemon" Admin/Write store pokemon::fetch, "Fetch a Pokémon from PokeAPI, and show it again";
    UPDATE_POKEMON "update-pokemon" PUT "/api/v1/pokemon/{id}" Admin/Write dex pokemon::update, "Change a Pokémon by hand, or take that back";
    HIDE_POKEMON "hide-pokemon" DELETE "/api/v1/pokemon/{id}" Admin/Write store pokemon::hide, "Hide a Pokémon";
    GET_EVOLUTIONS "get-evolutions" GET "/api/v1/pokemon/{id}/evolutions" Public store evolutions::get, "Get the evolution tree that a Pokémon stands in";
    GET_TYPE "get-type" GET "/api/v1/types/{name}" Public store types::get, "Get a type";
    GET_ABILITY "get-ability" GET "/api/v1/abilities/{name}" Public store abilities::get, "Get an ability";
    GET_MOVE "get-move" GET "/api/v1/moves/{name}" Public store moves::get, "Get a move";
    REGISTER_USER "register-user" POST "/api/v1/auth/register" Public/Register store auth::register, "Register";
    LOGIN_USER "login-user" POST "/api/v1/auth/login" Public/Login store auth::login, "Sign in";
    REFRESH_SESSION "refresh-session" POST "/api/v1/auth/refresh" Refresh/Refresh store auth::refresh, "Get new tokens for a refresh token";
    LOGOUT_USER "logout-user" POST "/api/v1/auth/logout" User/Write store auth::logout, "Sign out: end this session";
    LIST_SESSIONS "list-sessions" GET "/api/v1/auth/sessions" User store auth::sessions, "List one's sessions";
    END_SESSION "end-session" DELETE "/api/v1/auth/sessions/{id}" User/Write store auth::end_session, "End one of one's sessions";
    GET_PROFILE "get-profile" GET "/api/v1/auth/profile" User store auth::profile, "Get one's profile";
    UPDATE_PROFILE "update-profile" PUT "/api/v1/auth/profile" User/Write store auth::update_profile, "Change one's name, address or password";
    LIST_FAVORITES "list-favorites" GET "/api/v1/users/{id}/favorites" User dex users::favorites, "List one's favorites";
    ADD_FAVORITE "add-favorite" POST "/api/v1/users/{id}/favorites" User/Write dex users::add_favorite, "Add a favorite";
    REMOVE_FAVORITE "remove-favorite" DELETE "/api/v1/users/{id}/favorites" User/Write store users::remove_favorite, "Remove a favorite";
    DELETE_FAVORITE "delete-favorite" DELETE "/api/v1/users/{id}/favorites/{pokemon_id}" User/Write store users::delete_favorite, "Remove a favorite by its path";
    ADD_FAVORITES "add-favorites" POST "/api/v1/users/{id}/favorites/bulk" User/Bulk dex users::add_favorites, "Add many favorites";
    REMOVE_FAVORITES "remove-favorites" DELETE "/api/v1/users/{id}/favorites/bulk" User/Bulk store users::remove_favorites, "Remove many favorites";
    DELETE_PROFILE "delete-profile" DELETE "/api/v1/auth/profile" User/Write store users::delete_profile, "Delete one's account";
    EXPORT_ACCOUNT "export-account" POST "/api/v1/auth/export" User/Bulk dex auth::export, "Get everything that is one's own, in a file";
    LIST_USERS "list-users" GET "/api/v1/users" Admin store admin::users, "List users";
    GET_USER "get-user" GET "/api/v1/users/{id}" User store users::get, "Get a user";
    UPDATE_USER "update-user" PUT "/api/v1/users/{id}" User/Write store users::update, "Change oneself, or another's role";
    DELETE_USER "delete-user" DELETE "/api/v1/users/{id}" User/Write store users::delete_user, "Delete an account";
    LIST_AUDIT "list-audit" GET "/api/v1/admin/audit" Admin store admin::audit, "List what was done";
    GET_HEALTH "get-health" GET "/api/v1/health" Public nothing health::alive, "Tell whether the function runs";
    GET_READINESS "get-readiness" GET "/api/v1/health/ready" Public store health::ready, "Tell whether what the API needs answers";
    GET_OPENAPI "get-openapi" GET "/api/v1/openapi.json" Public nothing meta::openapi, "Get this description";
    GET_VERSION "get-version" GET "/api/version" Public nothing meta::version, "Get the version";
    GET_JWKS "get-jwks" GET "/.well-known/jwks.json" Public store auth::jwks, "Get the keys that access tokens are verified with";
    ANSWER_UNKNOWN "answer-unknown" GET "$default" Public nothing unknown::answer, "Answer what no other route takes";
}

/// The methods of the routes at `path` (decoded), sorted: of those that name it letter by letter, where there are any.
#[must_use]
pub fn methods_at(path: &str) -> Vec<&'static str> {
    let is_named = SPECS.iter().any(|spec| spec.path == path);
    let at = SPECS.iter().filter(|spec| if is_named { spec.path == path } else { spec.matches(path) });
    let mut methods: Vec<_> = at.map(|spec| spec.method.as_str()).collect();
    methods.sort_unstable();
    methods.dedup();
    methods
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
        assert_eq!(methods_at("/api/v1/pokemon/types"), ["GET"]);
        assert_eq!(methods_at("/api/v1/pokemon/type"), ["DELETE", "GET", "PUT"]);
        assert!(methods_at("$default/").is_empty());
    }
}
