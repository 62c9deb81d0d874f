//! THE TABLE: every route of the product, one line each. Each line is a separate `const`, so that a function's
//! binary links only the handler that it names.

use std::{future::Future, pin::Pin};

use http::Method;

use crate::{
    App, Request, Response, abilities, admin, app::prepare, auth, entry, evolutions, health, limits::Limit,
    meta, moves, pokemon, problem::Problem, types, unknown, users,
};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// All clients.
    Public,
    /// Clients with a refresh token.
    Refresh,
    /// Users whose account exists, even if it is frozen or their session has ended.
    Session,
    /// Users with a live session; for changes, the account must not be frozen either.
    User,
    /// Users with a live session, if the path's `{id}` names the caller.
    Owner,
    /// Users as for `Owner`, or administrators.
    OwnerOrAdmin,
    /// Administrators with a live session.
    Admin,
}

/// The handling of the `Authorization` header by a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// The door requires and verifies an access token before any other work. This is the default.
    Checked,
    /// The handler reads the header, for requests whose response depends on it.
    ByHandler,
    /// No code parses or verifies the header: no response of the route depends on the caller.
    Ignored,
}

/// A route's line, without its handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The route's name, verb-noun. Also the name of the binary and the sample event, and the operation id.
    pub name: &'static str,
    pub method: Method,
    /// The path in API Gateway's notation: `/api/v1/pokemon/{id}`; `$default` for requests that match no other route.
    pub path: &'static str,
    pub access: Access,
    /// In the table, this column is in parentheses after the access; a route without it checks the header.
    pub authorization: Authorization,
    /// The route's rate limit.
    pub limit: Option<Limit>,
    /// The route's summary in the documentation.
    pub summary: &'static str,
}

type Preparation<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send + 'a>>;

/// A route with its handler.
#[derive(Clone, Debug)]
pub struct Route {
    pub spec: Spec,
    /// The work that a function does before its first request. It never fails: the first request repeats work that did not succeed.
    pub prepare: for<'a> fn(&'a App) -> Preparation<'a>,
    /// The entry point, which checks the route's access.
    pub enter: for<'a> fn(&'a App, &'a Route, &'a mut Request) -> Answer<'a>,
    pub handler: for<'a> fn(&'a App, &'a Request) -> Answer<'a>,
}

/// The path of the route for requests that match no other route.
pub const DEFAULT: &str = "$default";

macro_rules! table {
    // A route that does not check tokens at the door does not link the code that checks them.
    (@enter Public($authorization:ident)) => { entry::open };
    (@enter Public($authorization:ident) $limit:ident) => { entry::limited };
    (@enter Refresh($authorization:ident) $limit:ident) => { entry::limited };
    (@enter Session $limit:ident) => { entry::private };
    (@enter User $($limit:ident)?) => { entry::private };
    (@enter Owner $($limit:ident)?) => { entry::private };
    (@enter OwnerOrAdmin $($limit:ident)?) => { entry::private };
    (@enter Admin $($limit:ident)?) => { entry::private };
    (@authorization) => { Authorization::Checked };
    (@authorization $authorization:ident) => { Authorization::$authorization };
    (@limit) => { None };
    (@limit $limit:ident) => { Some(Limit::$limit) };
    ($($constant:ident $name:literal $method:ident $path:literal $access:ident $(($authorization:ident))? $(/ $limit:ident)? $prepare:ident $handler:path, $summary:literal;)*) => {
        $(
            #[doc = $summary]
            pub const $constant: Route = Route {
                spec: Spec {
                    name: $name,
                    method: Method::$method,
                    path: $path,
                    access: Access::$access,
                    authorization: table!(@authorization $($authorization)?),
                    limit: table!(@limit $($limit)?),
                    summary: $summary,
                },
                prepare: |app| Box::pin(prepare::$prepare(app)),
                enter: |app, route, request| Box::pin(table!(@enter $access $(($authorization))? $($limit)?)(app, route, request)),
                handler: |app, request| Box::pin($handler(app, request)),
            };
        )*

        /// Returns every route. Only the local gateway and tests call this, because it links every handler.
        #[must_use]
        pub fn all() -> Vec<Route> {
            vec![$($constant),*]
        }

        /// The lines of all routes, without handlers.
        pub static SPECS: &[Spec] = &[$($constant.spec),*];
    };
}

table! {
    LIST_POKEMON "list-pokemon" GET "/api/v1/pokemon" Public(ByHandler) dex pokemon::list, "List, search, filter and sort Pokémon";
    LIST_TYPES "list-types" GET "/api/v1/pokemon/types" Public(Ignored) dex types::list, "List the types that Pokémon have";
    LIST_GENERATIONS "list-generations" GET "/api/v1/pokemon/generations" Public(Ignored) dex pokemon::generations, "List the generations";
    GET_POKEMON "get-pokemon" GET "/api/v1/pokemon/{id}" Public(Ignored) store pokemon::get, "Get a Pokémon by id or name";
    FETCH_POKEMON "fetch-pokemon" POST "/api/v1/pokemon" Admin/Write store pokemon::fetch, "Fetch a Pokémon from PokeAPI, and show it again";
    UPDATE_POKEMON "update-pokemon" PUT "/api/v1/pokemon/{id}" Admin/Write dex pokemon::update, "Change a Pokémon's data, or undo the change";
    HIDE_POKEMON "hide-pokemon" DELETE "/api/v1/pokemon/{id}" Admin/Write store pokemon::hide, "Hide a Pokémon";
    GET_EVOLUTIONS "get-evolutions" GET "/api/v1/pokemon/{id}/evolutions" Public(Ignored) store evolutions::get, "Get a Pokémon's evolution tree";
    GET_TYPE "get-type" GET "/api/v1/types/{name}" Public(Ignored) store types::get, "Get a type";
    GET_ABILITY "get-ability" GET "/api/v1/abilities/{name}" Public(Ignored) store abilities::get, "Get an ability";
    GET_MOVE "get-move" GET "/api/v1/moves/{name}" Public(Ignored) store moves::get, "Get a move";
    REGISTER_USER "register-user" POST "/api/v1/auth/register" Public(Ignored)/Register store auth::register, "Register";
    LOGIN_USER "login-user" POST "/api/v1/auth/login" Public(Ignored)/Login store auth::login, "Sign in";
    REFRESH_SESSION "refresh-session" POST "/api/v1/auth/refresh" Refresh(ByHandler)/Refresh store auth::refresh, "Get new tokens for a refresh token";
    LOGOUT_USER "logout-user" POST "/api/v1/auth/logout" Session/Logout store auth::logout, "Sign out: end this session";
    LIST_SESSIONS "list-sessions" GET "/api/v1/auth/sessions" User store auth::sessions, "List the caller's sessions";
    END_SESSION "end-session" DELETE "/api/v1/auth/sessions/{id}" User/Write store auth::end_session, "End one of the caller's sessions";
    GET_PROFILE "get-profile" GET "/api/v1/auth/profile" User store auth::profile, "Get the caller's profile";
    UPDATE_PROFILE "update-profile" PUT "/api/v1/auth/profile" User/Write store auth::update_profile, "Change the caller's user name, e-mail address or password";
    LIST_FAVORITES "list-favorites" GET "/api/v1/users/{id}/favorites" Owner dex users::favorites, "List the user's favorites";
    ADD_FAVORITE "add-favorite" POST "/api/v1/users/{id}/favorites" Owner/Write dex users::add_favorite, "Add a favorite";
    REMOVE_FAVORITE "remove-favorite" DELETE "/api/v1/users/{id}/favorites" Owner/Write store users::remove_favorite, "Remove a favorite";
    DELETE_FAVORITE "delete-favorite" DELETE "/api/v1/users/{id}/favorites/{pokemon_id}" Owner/Write store users::delete_favorite, "Remove a favorite by its path";
    ADD_FAVORITES "add-favorites" POST "/api/v1/users/{id}/favorites/bulk" Owner/Bulk dex users::add_favorites, "Add many favorites";
    REMOVE_FAVORITES "remove-favorites" DELETE "/api/v1/users/{id}/favorites/bulk" Owner/Bulk store users::remove_favorites, "Remove many favorites";
    DELETE_PROFILE "delete-profile" DELETE "/api/v1/auth/profile" User/Write store users::delete_profile, "Delete the caller's account";
    EXPORT_ACCOUNT "export-account" POST "/api/v1/auth/export" User/Bulk dex auth::export, "Export all data of the caller to a file";
    LIST_USERS "list-users" GET "/api/v1/users" Admin store admin::users, "List users";
    GET_USER "get-user" GET "/api/v1/users/{id}" OwnerOrAdmin store users::get, "Get a user";
    UPDATE_USER "update-user" PUT "/api/v1/users/{id}" OwnerOrAdmin/Write store users::update, "Change the caller's profile, or another user's role";
    DELETE_USER "delete-user" DELETE "/api/v1/users/{id}" OwnerOrAdmin/Write store users::delete_user, "Delete an account";
    LIST_AUDIT "list-audit" GET "/api/v1/admin/audit" Admin store admin::audit, "List audit events";
    GET_HEALTH "get-health" GET "/api/v1/health" Public(Ignored) nothing health::alive, "Check that the function runs";
    GET_READINESS "get-readiness" GET "/api/v1/health/ready" Public(Ignored) store health::ready, "Check that the services behind the API answer";
    GET_OPENAPI "get-openapi" GET "/api/v1/openapi.json" Public(Ignored) nothing meta::openapi, "Get this description";
    GET_VERSION "get-version" GET "/api/version" Public(Ignored) nothing meta::version, "Get the version";
    GET_JWKS "get-jwks" GET "/.well-known/jwks.json" Public(Ignored) store auth::jwks, "Get the keys that access tokens are verified with";
    ANSWER_UNKNOWN "answer-unknown" GET "$default" Public(Ignored) nothing unknown::answer, "Answer requests that match no other route";
}

/// Returns the sorted methods of the routes at `path` (decoded). Routes with exactly that path take precedence over routes with
/// parameters. A route of GET also answers HEAD.
#[must_use]
pub fn methods_at(path: &str) -> Vec<&'static str> {
    let is_named = SPECS.iter().any(|spec| spec.path == path);
    let at = SPECS.iter().filter(|spec| if is_named { spec.path == path } else { spec.matches(path) });
    let mut methods: Vec<_> = at.flat_map(Spec::methods).collect();
    methods.sort_unstable();
    methods.dedup();
    methods
}

impl Spec {
    /// Returns the methods that the route answers: its own, and HEAD if its own is GET.
    pub fn methods(&'static self) -> impl Iterator<Item = &'static str> {
        let head = (self.method == Method::GET).then_some("HEAD");
        std::iter::once(self.method.as_str()).chain(head)
    }

    /// Returns whether `path` (decoded) matches this route.
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
        assert_eq!(methods_at("/api/v1/pokemon/types"), ["GET", "HEAD"]);
        assert_eq!(methods_at("/api/v1/pokemon/type"), ["DELETE", "GET", "HEAD", "PUT"]);
        assert!(methods_at("$default/").is_empty());
    }
}
