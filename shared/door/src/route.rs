//! The parts of a route: its line in the table of routes, and its handler.

use std::{future::Future, pin::Pin};

use http::Method;

use crate::{limits::Limit, problem::Problem, request::Request, response::Response};

/// The callers that a route accepts.
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

/// The caches that may store a route's responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// None, or only for a time that the response states itself. This is the default.
    Never,
    /// The CDN, in a behaviour of its own, until the catalogue changes. The response depends on the path, the query and the headers
    /// `Authorization` and `Origin` alone.
    Shared,
}

/// A need of a route beyond the tables: a part of its function's definition and of its rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Half of the usual memory suffices: the route reads no data.
    LittleMemory,
    /// The memory that comes with a whole processor: the route hashes passwords or builds an archive.
    WholeProcessor,
    /// The secret that holds the signing keys.
    SigningKeys,
    /// The function that writes what this route changes. The route waits for it, up to the timeout of the HTTP API.
    Writer,
    /// Creates, reads and deletes files of exports.
    Exports,
    /// Deletes files of exports.
    ExportDeletion,
    /// Removes stored responses from the edge.
    Invalidation,
    /// Sends notices to the people who operate the environment.
    Notices,
    /// Lists the mirrored files and stores new ones.
    AssetStorage,
    /// Lists the mirrored files and deletes those that no asset has any more.
    AssetDeletion,
    /// Invokes any version of a function, and reports the result to the deployment of that version.
    Verification,
    /// Reads and replaces the credentials of the account that a probe signs in with.
    ProbeAccount,
}

impl Need {
    /// Every need.
    pub const ALL: [Self; 12] = [
        Self::LittleMemory,
        Self::WholeProcessor,
        Self::SigningKeys,
        Self::Writer,
        Self::Exports,
        Self::ExportDeletion,
        Self::Invalidation,
        Self::Notices,
        Self::AssetStorage,
        Self::AssetDeletion,
        Self::Verification,
        Self::ProbeAccount,
    ];
}

/// The handling of the `Idempotency-Key` header by a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// The header is ignored. This is the default.
    Ignored,
    /// A repeated request receives the first one's response.
    Keyed,
    /// As `Keyed` if the path's `{id}` names another user. Requests about the caller's own account may hold passwords, so their keys are
    /// ignored.
    KeyedForOthers,
}

/// A route's line, without its handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The route's name, verb-noun. Also the name of the function and the sample event, and the operation id.
    pub name: &'static str,
    /// The stack that contains the function: `functions`, which also has the API and the scheduled jobs, or another.
    pub stack: &'static str,
    pub method: Method,
    /// The path in API Gateway's notation: `/things/{id}`; `$default` for requests that match no other route.
    pub path: &'static str,
    pub access: Access,
    /// In the table, this column is in parentheses after the access; a route without it checks the header.
    pub authorization: Authorization,
    /// In the table, this column follows the one before, in the same parentheses.
    pub caching: Caching,
    /// The route's rate limit.
    pub limit: Option<Limit>,
    pub idempotency: Idempotency,
    pub needs: &'static [Need],
    /// The route's summary in the documentation.
    pub summary: &'static str,
}

/// The work of a function before its first request.
pub type Preparation<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
/// The work of a handler.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send + 'a>>;

/// A route with its handler. `A` holds everything that a handler may use.
#[derive(Debug)]
pub struct Route<A: 'static> {
    pub spec: Spec,
    /// The work that a function does before its first request. It never fails: the first request repeats work that did not succeed.
    pub prepare: for<'a> fn(&'a A) -> Preparation<'a>,
    /// The entry point, which checks the route's access.
    pub enter: for<'a> fn(&'a A, &'a Self, &'a mut Request) -> Answer<'a>,
    pub handler: for<'a> fn(&'a A, &'a Request) -> Answer<'a>,
}

// A derived implementation would require `A: Clone`.
impl<A> Clone for Route<A> {
    fn clone(&self) -> Self {
        let Self { spec, prepare, enter, handler } = self;
        Self { spec: spec.clone(), prepare: *prepare, enter: *enter, handler: *handler }
    }
}

/// The path of the route for requests that match no other route.
pub const DEFAULT: &str = "$default";

/// Returns the sorted methods of the routes of `specs` at `path` (decoded). Routes with exactly that path take precedence over routes with
/// parameters. A route of GET also answers HEAD.
#[must_use]
pub fn methods_at(specs: &'static [Spec], path: &str) -> Vec<&'static str> {
    let is_named = specs.iter().any(|spec| spec.path == path);
    let at = specs.iter().filter(|spec| if is_named { spec.path == path } else { spec.matches(path) });
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
        let (mut template, mut segments) = (self.path.split('/'), path.split('/'));
        loop {
            match (template.next(), segments.next()) {
                (None, None) => return true,
                (Some(template), Some(segments)) if template == segments => {}
                (Some(template), Some(segments)) if template.starts_with('{') && !segments.is_empty() => {}
                _ => return false,
            }
        }
    }

    /// Returns whether the route has this need.
    #[must_use]
    pub fn needs(&self, need: Need) -> bool {
        self.needs.contains(&need)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_its_template_and_no_other() {
        let spec = |path| Spec {
            name: "get-parts",
            stack: "functions",
            method: Method::GET,
            path,
            access: Access::Public,
            authorization: Authorization::Ignored,
            caching: Caching::Never,
            limit: None,
            idempotency: Idempotency::Ignored,
            needs: &[],
            summary: "Get a thing's parts",
        };
        let parts = spec("/things/{id}/parts");
        assert!(parts.matches("/things/25/parts"));
        for path in ["/things//parts", "/things/25/parts/", "/things/25", "$default"] {
            assert!(!parts.matches(path), "{path}");
        }
        assert!(!spec(DEFAULT).matches(DEFAULT));
    }
}
