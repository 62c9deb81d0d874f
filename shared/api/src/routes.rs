//! THE TABLE: every route of the product, one line each.
//!
//! The columns are those of [`Spec`](door::route::Spec): name, method, path, access, idempotency keys, needs in brackets. In parentheses
//! after the access are the handling of the `Authorization` header, and `Shared` if the CDN stores the responses; after a slash, the rate
//! limit. Then come the function's preparation before its first request, the handler, and the summary. The routes of a stack are a
//! group, in the order of deployment. Everything else about a route follows from its line.

use door::{
    Problem, Request, Response, entry,
    limits::Limit,
    route::{Access, Authorization, Caching, DEFAULT, Idempotency, Need, Spec},
    unknown,
};
use http::Method;
use schemars::SchemaGenerator;

use crate::{
    Route, abilities, admin, app::App, auth, evolutions, health, meta, moves, openapi::vocabulary::Operation,
    pokemon, prepare, types, users,
};

macro_rules! table {
    (@enter Public($authorization:ident $(, $caching:ident)?)) => { entry::open };
    (@enter Public($authorization:ident $(, $caching:ident)?) $limit:ident) => { entry::limited };
    (@enter Refresh($authorization:ident $(, $caching:ident)?) $limit:ident) => { entry::limited };
    (@enter Session $limit:ident) => { entry::private };
    (@enter User $($limit:ident)?) => { entry::private };
    (@enter Owner $($limit:ident)?) => { entry::private };
    (@enter OwnerOrAdmin $($limit:ident)?) => { entry::private };
    (@enter Admin $($limit:ident)?) => { entry::private };
    (@authorization) => { Authorization::Checked };
    (@authorization $authorization:ident) => { Authorization::$authorization };
    (@caching) => { Caching::Never };
    (@caching $caching:ident) => { Caching::$caching };
    (@limit) => { None };
    (@limit $limit:ident) => { Some(Limit::$limit) };
    (@idempotency) => { Idempotency::Ignored };
    (@idempotency $idempotency:ident) => { Idempotency::$idempotency };
    (@spec $stack:ident $name:literal $method:ident $path:tt $access:ident $(($authorization:ident $(, $caching:ident)?))? $(/ $limit:ident)? $($idempotency:ident)? $([$($need:ident),+])?, $summary:literal) => {
        Spec {
            name: $name,
            stack: stringify!($stack),
            method: Method::$method,
            path: $path,
            access: Access::$access,
            authorization: table!(@authorization $($authorization)?),
            caching: table!(@caching $($($caching)?)?),
            limit: table!(@limit $($limit)?),
            idempotency: table!(@idempotency $($idempotency)?),
            needs: &[$($(Need::$need),+)?],
            summary: $summary,
        }
    };
    // The description lists paths, and `$default` is not a path.
    (@operation $generator:ident DEFAULT $module:ident $handler:ident) => { None };
    (@operation $generator:ident $path:literal $module:ident $handler:ident) => { Some($module::docs::$handler($generator)) };
    ($(stack $stack:ident { $($constant:ident $name:literal $method:ident $path:tt $access:ident $(($authorization:ident $(, $caching:ident)?))? $(/ $limit:ident)? $($idempotency:ident)? $([$($need:ident),+])?, $prepare:ident $module:ident::$handler:ident, $summary:literal;)* })*) => {
        $($(
            #[doc = $summary]
            pub const $constant: Route = Route {
                spec: table!(@spec $stack $name $method $path $access $(($authorization $(, $caching)?))? $(/ $limit)? $($idempotency)? $([$($need),+])?, $summary),
                prepare: |app| Box::pin(prepare::$prepare(app)),
                enter: |app, route, request| Box::pin(table!(@enter $access $(($authorization $(, $caching)?))? $($limit)?)(app, route, request)),
                handler: |app, request| Box::pin($module::$handler(app, request)),
            };
        )*)*

        /// Returns the route of this name.
        #[must_use]
        pub fn named(name: &str) -> Option<&'static Route> {
            static ALL: &[&Route] = &[$($(&$constant),*),*];
            ALL.iter().copied().find(|route| route.spec.name == name)
        }

        /// Returns the sample event of the route of this name, a JSON text.
        pub(crate) fn sample(name: &str) -> Option<&'static str> {
            match name {
                $($($name => Some(include_str!(concat!("../../../events/", $name, ".json"))),)*)*
                _ => None,
            }
        }

        /// Returns every route.
        #[must_use]
        pub fn all() -> Vec<Route> {
            vec![$($($constant),*),*]
        }

        /// The lines of all routes, without handlers.
        pub static SPECS: &[Spec] = &[
            $($(table!(@spec $stack $name $method $path $access $(($authorization $(, $caching)?))? $(/ $limit)? $($idempotency)? $([$($need),+])?, $summary)),*),*
        ];

        /// Returns the operations of the OpenAPI description, in the order of the table: that of the handler `pokemon::list` is
        /// `pokemon::docs::list`. No handler calls this, so the functions' program does not link the operations.
        pub(crate) fn operations(generator: &mut SchemaGenerator) -> Vec<(&'static Spec, Operation)> {
            let operations = [$($(table!(@operation generator $path $module $handler)),*),*];
            SPECS.iter().zip(operations).filter_map(|(spec, operation)| Some((spec, operation?))).collect()
        }
    };
}

table! {
stack functions {
    LIST_POKEMON "list-pokemon" GET "/api/v1/pokemon" Public(ByHandler, Shared), dex pokemon::list, "List, search, filter and sort Pokémon";
    LIST_TYPES "list-types" GET "/api/v1/pokemon/types" Public(Ignored, Shared), dex types::list, "List the types that Pokémon have";
    LIST_GENERATIONS "list-generations" GET "/api/v1/pokemon/generations" Public(Ignored, Shared), dex pokemon::generations, "List the generations";
    GET_POKEMON "get-pokemon" GET "/api/v1/pokemon/{id}" Public(Ignored, Shared), store pokemon::get, "Get a Pokémon by id or name";
    GET_EVOLUTIONS "get-evolutions" GET "/api/v1/pokemon/{id}/evolutions" Public(Ignored, Shared), store evolutions::get, "Get a Pokémon's evolution tree";
    GET_TYPE "get-type" GET "/api/v1/types/{name}" Public(Ignored, Shared), store types::get, "Get a type";
    GET_ABILITY "get-ability" GET "/api/v1/abilities/{name}" Public(Ignored, Shared), store abilities::get, "Get an ability";
    GET_MOVE "get-move" GET "/api/v1/moves/{name}" Public(Ignored, Shared), store moves::get, "Get a move";
    REGISTER_USER "register-user" POST "/api/v1/auth/register" Public(Ignored)/Register [WholeProcessor, SigningKeys], store auth::register, "Register";
    LOGIN_USER "login-user" POST "/api/v1/auth/login" Public(Ignored)/Login [WholeProcessor, SigningKeys], store auth::login, "Sign in";
    REFRESH_SESSION "refresh-session" POST "/api/v1/auth/refresh" Refresh(ByHandler)/Refresh [SigningKeys], store auth::refresh, "Get new tokens for a refresh token";
    LOGOUT_USER "logout-user" POST "/api/v1/auth/logout" Session/Logout, store auth::logout, "Sign out: end this session";
    LIST_SESSIONS "list-sessions" GET "/api/v1/auth/sessions" User, store auth::sessions, "List the caller's sessions";
    END_SESSION "end-session" DELETE "/api/v1/auth/sessions/{id}" User/Write, store auth::end_session, "End one of the caller's sessions";
    GET_PROFILE "get-profile" GET "/api/v1/auth/profile" User, store auth::profile, "Get the caller's profile";
    UPDATE_PROFILE "update-profile" PUT "/api/v1/auth/profile" User/Write [WholeProcessor], store auth::update_profile, "Change the caller's user name, e-mail address or password";
    LIST_FAVORITES "list-favorites" GET "/api/v1/users/{id}/favorites" Owner, dex users::favorites, "List the user's favorites";
    ADD_FAVORITE "add-favorite" POST "/api/v1/users/{id}/favorites" Owner/Write Keyed, dex users::add_favorite, "Add a favorite";
    REMOVE_FAVORITE "remove-favorite" DELETE "/api/v1/users/{id}/favorites" Owner/Write Keyed, store users::remove_favorite, "Remove a favorite";
    DELETE_FAVORITE "delete-favorite" DELETE "/api/v1/users/{id}/favorites/{pokemon_id}" Owner/Write Keyed, store users::delete_favorite, "Remove a favorite by its path";
    ADD_FAVORITES "add-favorites" POST "/api/v1/users/{id}/favorites/bulk" Owner/Bulk Keyed, dex users::add_favorites, "Add many favorites";
    REMOVE_FAVORITES "remove-favorites" DELETE "/api/v1/users/{id}/favorites/bulk" Owner/Bulk Keyed, store users::remove_favorites, "Remove many favorites";
    DELETE_PROFILE "delete-profile" DELETE "/api/v1/auth/profile" User/Write [WholeProcessor, ExportDeletion], store users::delete_profile, "Delete the caller's account";
    EXPORT_ACCOUNT "export-account" POST "/api/v1/auth/export" User/Bulk [WholeProcessor, Exports], dex auth::export, "Export all data of the caller to a file";
    GET_USER "get-user" GET "/api/v1/users/{id}" OwnerOrAdmin, store users::get, "Get a user";
    UPDATE_USER "update-user" PUT "/api/v1/users/{id}" OwnerOrAdmin/Write KeyedForOthers [WholeProcessor], store users::update, "Change the caller's profile, or another user's role";
    DELETE_USER "delete-user" DELETE "/api/v1/users/{id}" OwnerOrAdmin/Write KeyedForOthers [WholeProcessor, ExportDeletion], store users::delete_user, "Delete an account";
    GET_HEALTH "get-health" GET "/api/v1/health" Public(Ignored) [LittleMemory], nothing health::alive, "Check that the function runs";
    GET_READINESS "get-readiness" GET "/api/v1/health/ready" Public(Ignored), store health::ready, "Check that the services behind the API answer";
    GET_OPENAPI "get-openapi" GET "/api/v1/openapi.json" Public(Ignored, Shared) [LittleMemory], nothing meta::openapi, "Get this description";
    GET_VERSION "get-version" GET "/api/version" Public(Ignored) [LittleMemory], nothing meta::version, "Get the version";
    GET_JWKS "get-jwks" GET "/.well-known/jwks.json" Public(Ignored), store auth::jwks, "Get the keys that access tokens are verified with";
    ANSWER_UNKNOWN "answer-unknown" GET DEFAULT Public(Ignored) [LittleMemory], nothing self::answer_unknown, "Answer requests that match no other route";
}

// The routes that only administrators use.
stack admin {
    FETCH_POKEMON "fetch-pokemon" POST "/api/v1/pokemon" Admin/Write Keyed [Writer], store pokemon::fetch, "Fetch a Pokémon from PokeAPI, and show it again";
    UPDATE_POKEMON "update-pokemon" PUT "/api/v1/pokemon/{id}" Admin/Write Keyed [Writer], dex pokemon::update, "Change a Pokémon's data, or undo the change";
    HIDE_POKEMON "hide-pokemon" DELETE "/api/v1/pokemon/{id}" Admin/Write Keyed [Writer], store pokemon::hide, "Hide a Pokémon";
    LIST_USERS "list-users" GET "/api/v1/users" Admin, store admin::users, "List users";
    GET_SYNC "get-sync" GET "/api/v1/admin/sync" Admin, store admin::sync, "Get the state of the sync from PokeAPI";
    START_SYNC "start-sync" POST "/api/v1/admin/sync" Admin/Write Keyed [Writer], store admin::start_sync, "Start a run of the sync";
    RETRY_SYNC "retry-sync" POST "/api/v1/admin/sync/retry" Admin/Write Keyed [Writer], store admin::retry_sync, "Fetch the resources that the last run skipped";
    APPROVE_SYNC "approve-sync" POST "/api/v1/admin/sync/approve" Admin/Write Keyed [Writer], store admin::approve_sync, "Approve improbable changes at PokeAPI";
    LIST_AUDIT "list-audit" GET "/api/v1/admin/audit" Admin, store admin::audit, "List audit events";
}
}

/// Answers requests that match no other route. It belongs to no noun.
async fn answer_unknown(app: &App, request: &Request) -> Result<Response, Problem> {
    unknown::answer(&app.kernel, request, SPECS)
}

#[cfg(test)]
mod tests {
    use door::route::methods_at;

    use super::*;

    #[test]
    fn the_route_of_a_name_takes_precedence_over_the_route_of_an_id() {
        assert_eq!(methods_at(SPECS, "/api/v1/pokemon/types"), ["GET", "HEAD"]);
        assert_eq!(methods_at(SPECS, "/api/v1/pokemon/type"), ["DELETE", "GET", "HEAD", "PUT"]);
        assert!(methods_at(SPECS, "$default/").is_empty());
    }
}
