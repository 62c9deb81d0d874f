//! The choice of a route by method and path, where API Gateway does not make it: on one machine.

use std::collections::HashMap;

use http::Method;
use matchit::InsertError;
use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};

use crate::{
    event::Event,
    route::{DEFAULT, Route},
};

/// The mounted routes: one table per method, because a `PUT` of `/things/names` is a `PUT` of `/things/{id}`.
#[derive(Debug)]
pub struct Router<A: 'static> {
    tables: HashMap<Method, matchit::Router<Route<A>>>,
    unknown: Route<A>,
}

impl<A> Router<A> {
    /// Mounts `routes`. `unknown` answers requests that match none of them.
    ///
    /// # Errors
    /// If two routes match the same paths.
    pub fn new(routes: Vec<Route<A>>, unknown: Route<A>) -> Result<Self, InsertError> {
        let mut tables: HashMap<Method, matchit::Router<Route<A>>> = HashMap::new();
        for route in routes.into_iter().filter(|route| route.spec.path != DEFAULT) {
            tables.entry(route.spec.method.clone()).or_default().insert(route.spec.path, route)?;
        }
        Ok(Self { tables, unknown })
    }

    /// Returns the route for a path as it was sent, and sets what API Gateway would set in `event`: the route key and the path parameters.
    /// A HEAD request goes to the route of GET. `pok%65mon` is `pokemon`, but a `%2F` is part of a parameter, not a separator.
    pub fn route(&self, method: &Method, path: &str, event: &mut Event) -> &Route<A> {
        if let Some((route, parameters)) = self.find(method, path) {
            event.route_key = format!("{method} {}", route.spec.path);
            event.path_parameters = parameters;
            return route;
        }
        event.route_key = DEFAULT.to_owned();
        event.path_parameters.clear();
        &self.unknown
    }

    /// Returns the route for requests that match no other route.
    pub fn unknown(&self) -> &Route<A> {
        &self.unknown
    }

    fn find(&self, method: &Method, path: &str) -> Option<(&Route<A>, HashMap<String, String>)> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let path = plain(path)?;
        let found = self.tables.get(method)?.at(&path).ok()?;
        let parameters = found.params.iter().map(|(name, value)| Some((name.to_owned(), decoded(value)?)));
        Some((found.value, parameters.collect::<Option<_>>()?))
    }
}

/// Decodes `text` percent by percent; `None` if the result is not UTF-8.
#[must_use]
pub fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Returns `path` with its segments decoded, except for characters that would then be read as something else.
fn plain(path: &str) -> Option<String> {
    const ESCAPED: &AsciiSet = &AsciiSet::EMPTY.add(b'%').add(b'/');
    let segments: Option<Vec<String>> = path
        .split('/')
        .map(|segment| Some(utf8_percent_encode(&decoded(segment)?, ESCAPED).to_string()))
        .collect();
    Some(segments?.join("/"))
}
